/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What keeps an IPv6 link alive passes without policy, on closed endpoints too: neighbour discovery (RFC 4861) and group
 * membership (RFC 3810). Invariant: nothing passes here that a router would carry on to a place that policy has not judged.
 * Messages that may be ordinary ones all the same return 0 and are judged.
 */
#ifndef EGRESS_NEIGHBOUR_H
#define EGRESS_NEIGHBOUR_H

#include "packet.h"
#include "ipcache.h"

#define MLD_QUERY 130
#define MLD_DONE 132
#define MLD2_REPORT 143
#define ND_ROUTER_SOLICITATION 133
#define ND_ROUTER_ADVERTISEMENT 134
#define ND_REDIRECT 137

/* A neighbour is on the link by its address, or is a peer that is known by labels: the node, another workload on the
 * bridge. The hop limit proves where a message comes from, not where it goes: a router would pass on one for anywhere else. */
static __always_inline int neighbour_is_known(const union addr *a)
{
	__u32 identity;

	if (addr_is_link_local6(a) || addr_is_link_multicast6(a))
		return 1;
	identity = ipcache_identity(a);
	return identity != IDENTITY_WORLD && !(identity & IDENTITY_LOCAL);
}

/* 0 = has to be judged, PACKET_PASSES, or a drop reason. */
static __always_inline int neighbour_check(const struct packet *p, __u8 direction)
{
	if (p->family != 6 || p->protocol != IPPROTO_ICMPV6 || p->fragment)
		return 0;
	if (p->icmp_type >= ND_ROUTER_SOLICITATION && p->icmp_type <= ND_REDIRECT) {
		/* 255 proves that no router passed it on (RFC 4861 section 3.1). */
		if (p->hop_limit != 255)
			return DROP_REASON_FORBIDDEN_ICMPV6;
		if (direction == DIRECTION_INGRESS)
			return PACKET_PASSES;
		/* A workload is no router (RFC 6105). */
		if (p->icmp_type == ND_ROUTER_ADVERTISEMENT || p->icmp_type == ND_REDIRECT)
			return DROP_REASON_FORBIDDEN_ICMPV6;
		return neighbour_is_known(&p->destination) ? PACKET_PASSES : 0;
	}
	if ((p->icmp_type >= MLD_QUERY && p->icmp_type <= MLD_DONE) || p->icmp_type == MLD2_REPORT)
		/* With a hop limit of 1 no router passes it on (RFC 3810 section 5). */
		return p->hop_limit == 1 && (addr_is_link_local6(&p->source) || addr_is_zero(&p->source)) ?
			       PACKET_PASSES : DROP_REASON_FORBIDDEN_ICMPV6;
	return 0;
}

#endif
