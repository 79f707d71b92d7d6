/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Only the first fragment of a datagram has a transport header; the later ones borrow what it says. Fragments that overtake their first are
 * dropped: the sender's transport sends anew, and nothing is passed unjudged.
 */
#ifndef EGRESS_FRAGMENT_H
#define EGRESS_FRAGMENT_H

#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct fragment_key);
	__type(value, struct fragment_value);
} egress_fragment SEC(".maps");

__noinline int fragment_ports(struct packet *p, __u32 endpoint, __u8 direction, __u64 now)
{
	struct fragment_key key = { .endpoint = endpoint, .direction = direction };
	struct fragment_value first = {};
	struct fragment_value *found;

	if (!p)
		return DROP_REASON_INVALID_PACKET;
	key.source = p->source;
	key.destination = p->destination;
	key.id = p->fragment_id;
	key.protocol = p->fragment_protocol;
	if (p->fragment == FRAGMENT_FIRST) {
		first.deadline = now + config.fragment_lifetime;
		first.source_port = p->source_port;
		first.destination_port = p->destination_port;
		first.protocol = p->protocol;
		first.icmp_type = p->icmp_type;
		first.icmp_code = p->icmp_code;
		bpf_map_update_elem(&egress_fragment, &key, &first, BPF_ANY);
		return 0;
	}
	found = bpf_map_lookup_elem(&egress_fragment, &key);
	if (!found || time_is_past(found->deadline, now))
		return DROP_REASON_FRAGMENT_NOT_FOUND;
	p->source_port = found->source_port;
	p->destination_port = found->destination_port;
	p->protocol = found->protocol;
	p->icmp_type = found->icmp_type;
	p->icmp_code = found->icmp_code;
	return 0;
}

#endif
