/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Connections. The key is the workload's view - its own address and port, the other side's - so that packets of both
 * directions find the same entry with one lookup.
 *
 * Two maps: what is half open lives in egress_ct_new and moves to egress_ct when its opener speaks again after the reply.
 * Invariant: nothing enters egress_ct that both sides have not taken part in, so a flood of opening packets, from within
 * or from outside, evicts other opening ones and never an established connection.
 *
 * An entry remembers the revision of the policy it was judged under, and the name (if any) that let it in.
 */
#ifndef EGRESS_CT_H
#define EGRESS_CT_H

#include "endpoint.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct ct_key);
	__type(value, struct ct_value);
} egress_ct SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct ct_key);
	__type(value, struct ct_value);
} egress_ct_new SEC(".maps");

/* Per CPU: flows that were found half open last, so that a one-way flow, which stays so, is not looked for in vain at each of its packets.
 * Nothing but the order of looking hangs on it. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HINT_KEYS);
	__type(key, __u32);
	__type(value, __u32);
} egress_hint SEC(".maps");

#define CT_CLOSED_BOTH (CT_CLOSING_LOCAL | CT_CLOSING_REMOTE)

static __always_inline void ct_key_of(struct ct_key *key, const struct packet *p, __u32 endpoint, __u8 direction)
{
	if (direction == DIRECTION_EGRESS) {
		key->local = p->source;
		key->remote = p->destination;
		key->local_port = p->source_port;
		key->remote_port = p->destination_port;
	} else {
		key->local = p->destination;
		key->remote = p->source;
		key->local_port = p->destination_port;
		key->remote_port = p->source_port;
	}
	key->endpoint = endpoint;
	key->protocol = p->protocol;
	key->pad[0] = 0;
	key->pad[1] = 0;
	key->pad[2] = 0;
}

/* Whether the packet goes the way that the connection was opened. */
static __always_inline int ct_is_forward(const struct ct_value *ct, __u8 direction)
{
	return direction == (ct->flags & CT_INITIATED_INGRESS ? DIRECTION_INGRESS : DIRECTION_EGRESS);
}

static __always_inline __u64 ct_lifetime(__u8 protocol, __u32 flags)
{
	if (protocol == IPPROTO_TCP) {
		if ((flags & CT_RESET) || (flags & CT_CLOSED_BOTH) == CT_CLOSED_BOTH)
			return config.tcp_closing_lifetime;
		return flags & CT_CONFIRMED ? config.tcp_established_lifetime : config.tcp_opening_lifetime;
	}
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return config.icmp_lifetime;
	return flags & CT_REPLY_SEEN ? config.replied_lifetime : config.unreplied_lifetime;
}

/* Finds a standing entry; `established` tells in which map. */
static __always_inline struct ct_value *ct_lookup(const struct ct_key *key, __u64 now, int *established)
{
	__u32 tag = (key->remote.words[3] ^ key->local.words[3] ^ key->remote_port << 16 ^ key->local_port) * 0x9e3779b1;
	__u32 place = tag / (0x100000000 / HINT_KEYS);
	__u32 *hint = bpf_map_lookup_elem(&egress_hint, &place);
	struct ct_value *ct;

	*established = 0;
	if (hint && *hint == tag) {
		ct = bpf_map_lookup_elem(&egress_ct_new, key);
		if (ct && !time_is_past(ct->deadline, now))
			return ct;
		*hint = 0;
	}
	*established = 1;
	ct = bpf_map_lookup_elem(&egress_ct, key);
	if (ct && !time_is_past(ct->deadline, now))
		return ct;
	*established = 0;
	ct = bpf_map_lookup_elem(&egress_ct_new, key);
	if (!ct || time_is_past(ct->deadline, now))
		return NULL;
	if (hint)
		*hint = tag;
	return ct;
}

static __always_inline int ct_create(const struct ct_key *key, const struct ct_value *ct)
{
	return bpf_map_update_elem(&egress_ct_new, key, ct, BPF_ANY) ? DROP_REASON_CT_MAP_INSERTION_FAILED : 0;
}

/* Replaces a standing entry, which is then no longer what a lookup returned; one that another CPU removed stays away. */
static __always_inline void ct_replace(const struct ct_key *key, const struct ct_value *ct, int established)
{
	if (established)
		bpf_map_update_elem(&egress_ct, key, ct, BPF_EXIST);
	else
		bpf_map_update_elem(&egress_ct_new, key, ct, BPF_EXIST);
}

static __always_inline void ct_delete(const struct ct_key *key)
{
	bpf_map_delete_elem(&egress_ct, key);
	bpf_map_delete_elem(&egress_ct_new, key);
}

static __always_inline int ct_is_closing(const struct ct_value *ct)
{
	return (ct->flags & CT_RESET) || (ct->flags & CT_CLOSED_BOTH) == CT_CLOSED_BOTH;
}

/*
 * Whether an opening SYN starts afresh and is judged, though there is an entry. Going forward, only the first SYN's own
 * retransmission is known; any other may reuse the port. Going backward, it takes the place of what is closed, and the
 * workload's own takes that of a half-open one: otherwise an opening from outside would have it pass as a reply.
 */
static __always_inline int ct_is_reopened(const struct ct_value *ct, __u8 direction, int forward, int established)
{
	if (ct_is_closing(ct))
		return 1;
	if (forward)
		return established || (ct->flags & CT_REPLY_SEEN);
	return direction == DIRECTION_EGRESS && !established;
}

/*
 * Notes what a passing packet says of the connection. The entry's cache line is written only when something changed, or
 * when the deadline moves by more than a second: both directions' CPUs read it for every packet. Flags are only ever added
 * here, one by one: the table may hand the entry's memory to another connection at any moment, which these do not harm.
 */
static __always_inline void ct_advance(const struct ct_key *key, struct ct_value *ct, const struct packet *p, __u8 direction,
				       int forward, int established, __u64 now)
{
	__u32 held = ct->flags, seen = 0, flags;
	__u64 deadline;

	if (!forward)
		seen |= CT_REPLY_SEEN;
	else if (held & CT_REPLY_SEEN)
		seen |= CT_CONFIRMED;
	if (p->protocol == IPPROTO_TCP && p->fragment != FRAGMENT_LATER) {
		if (p->tcp_flags & TCP_RST)
			seen |= CT_RESET;
		if (p->tcp_flags & TCP_FIN)
			seen |= direction == DIRECTION_EGRESS ? CT_CLOSING_LOCAL : CT_CLOSING_REMOTE;
	}
	flags = held | seen;
	deadline = now + ct_lifetime(p->protocol, flags);
	if (!established && (flags & CT_CONFIRMED) && !(flags & CT_RESET)) {
		struct ct_value confirmed = *ct;

		confirmed.flags = flags;
		confirmed.deadline = deadline;
		if (!bpf_map_update_elem(&egress_ct, key, &confirmed, BPF_ANY))
			bpf_map_delete_elem(&egress_ct_new, key);
		return;
	}
	if (flags != held) {
		__sync_fetch_and_or(&ct->flags, seen);
		ct->deadline = deadline;
	} else if ((flags & CT_REPLY_SEEN) && deadline - ct->deadline + SECOND > 2 * SECOND) {
		/* Without a reply nothing is lengthened: what was let in by a name is judged anew when its time is over.
		 * A reset may be forged (RFC 5961 section 3): a connection that goes on speaking keeps its entry. */
		ct->deadline = deadline;
	}
}

#endif
