/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Whose packet it is. The agent writes an endpoint whole, with one map update, so that policy, revision and flags never
 * disagree. An interface without an entry is closed: programs are attached before the entry is written.
 */
#ifndef EGRESS_ENDPOINT_H
#define EGRESS_ENDPOINT_H

#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct endpoint);
} egress_endpoint SEC(".maps");

static __always_inline int endpoint_owns(const struct endpoint *ep, const union addr *a)
{
	return (addr_equal(a, &ep->addresses[0]) || addr_equal(a, &ep->addresses[1]) ||
		addr_equal(a, &ep->addresses[2]) || addr_equal(a, &ep->addresses[3])) &&
	       !addr_is_zero(a);
}

/* What leaves a workload comes from its own address; link-scope traffic may use the link-local one. */
static __always_inline int endpoint_check_egress(const struct endpoint *ep, const struct packet *p)
{
	if (endpoint_owns(ep, &p->source))
		return 0;
	if (p->family == 6 && addr_is_link_local6(&p->source) &&
	    (addr_is_link_local6(&p->destination) || addr_is_link_multicast6(&p->destination)))
		return 0;
	return DROP_REASON_INVALID_SOURCE_IP;
}

/* What reaches it is meant for it: a bridge floods frames that are not. */
static __always_inline int endpoint_check_ingress(const struct endpoint *ep, const struct packet *p)
{
	if (endpoint_owns(ep, &p->destination))
		return 0;
	if (p->family == 6)
		return addr_is_link_local6(&p->destination) || p->destination.bytes[0] == 0xff ? 0 : DROP_REASON_INVALID_PACKET;
	/* 224.0.0.0/4 and the limited broadcast address. */
	return (p->destination.bytes[12] & 0xf0) == 0xe0 || p->destination.words[3] == 0xffffffff ? 0 :
												    DROP_REASON_INVALID_PACKET;
}

#endif
