/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is told to user space. Every packet is counted, exactly, by reason and direction. Of drops and of new connections a
 * record goes to the ring buffer, as many a second as the bucket of that reason and CPU allows; what is left out is counted.
 * Records never wake the reader, who looks every few milliseconds: waking costs more than the packet does.
 */
#ifndef EGRESS_EVENT_H
#define EGRESS_EVENT_H

#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} egress_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_KEYS);
	__type(key, __u32);
	__type(value, struct counter);
} egress_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOST_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} egress_lost SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BUCKET_KEYS);
	__type(key, __u32);
	__type(value, struct bucket);
} egress_bucket SEC(".maps");

/* What was decided of a packet. */
struct judgement {
	__u32 remote_identity;
	__u32 fqdn_identity; /* the name that decided what is reported */
	__u32 admitted_identity; /* the name that lets the packet in; audited rules may report another */
	__u32 kept_identity; /* in: the name that let the connection in; out: 0 where its rule is gone */
	__u32 rule;
	__u8 verdict; /* enum verdict */
	__u8 reason; /* enum drop_reason */
	__u8 direction; /* enum direction */
	__u8 redirect; /* to the DNS proxy */
	__u8 admitted; /* rules let it in, not audit mode */
	__u8 pad[3];
};

static __always_inline void event_count(__u8 reason, __u8 direction, __u32 bytes)
{
	__u32 key = reason * 2 + (direction & 1);
	struct counter *counter = bpf_map_lookup_elem(&egress_counters, &key);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

static __always_inline void event_lose(__u32 kind)
{
	__u64 *lost = bpf_map_lookup_elem(&egress_lost, &kind);

	if (lost)
		(*lost)++;
}

static __always_inline int event_has_token(__u32 reason, __u64 now)
{
	struct bucket *bucket = bpf_map_lookup_elem(&egress_bucket, &reason);
	__u64 earned;

	if (!bucket)
		return 0;
	/* Whole tokens only; the time that is left over counts towards the next one. */
	earned = (now - bucket->refilled) * config.events_per_second / SECOND;
	if (!bucket->refilled || now - bucket->refilled > 60 * SECOND) {
		bucket->tokens = config.events_burst;
		bucket->refilled = now;
	} else if (earned) {
		bucket->tokens += earned;
		if (bucket->tokens > config.events_burst)
			bucket->tokens = config.events_burst;
		bucket->refilled += earned * SECOND / config.events_per_second;
	}
	if (!bucket->tokens)
		return 0;
	bucket->tokens--;
	return 1;
}

__noinline int event_emit(const struct packet *p, const struct endpoint *ep, const struct judgement *j, __u64 now, int is_reply)
{
	struct event *e;

	if (!p || !j)
		return 0;
	if (!event_has_token(j->reason, now)) {
		event_lose(LOST_RATE_LIMITED);
		return 0;
	}
	e = bpf_ringbuf_reserve(&egress_events, sizeof(*e), 0);
	if (!e) {
		event_lose(LOST_RING_FULL);
		return 0;
	}
	e->time = now;
	e->source = p->source;
	e->destination = p->destination;
	e->endpoint = ep ? ep->id : 0;
	e->local_identity = ep ? ep->identity : 0;
	e->remote_identity = j->remote_identity;
	e->fqdn_identity = j->fqdn_identity;
	e->rule = j->rule;
	e->revision = ep ? ep->revision : 0;
	e->length = p->length;
	if (packet_is_icmp(p)) {
		e->source_port = bpf_htons(p->icmp_type);
		e->destination_port = bpf_htons(p->icmp_code);
	} else {
		e->source_port = p->source_port;
		e->destination_port = p->destination_port;
	}
	e->type = j->verdict == VERDICT_DENIED ? EVENT_DROP : EVENT_VERDICT;
	e->direction = j->direction;
	e->verdict = j->verdict;
	e->reason = j->reason;
	e->protocol = p->protocol;
	e->tcp_flags = p->tcp_flags;
	e->is_reply = is_reply;
	e->family = p->family;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
