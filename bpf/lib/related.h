/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors speak of another packet and quote its head. One that quotes a packet of a standing connection belongs to that
 * connection and passes with it; path MTU discovery hangs on it. Any other is judged like any ICMP message.
 * Invariant: what leaves the workload this way goes to the other side of that connection, and nowhere else.
 */
#ifndef EGRESS_RELATED_H
#define EGRESS_RELATED_H

#include "ct.h"
#include "parse.h"

#define ICMP_HEADER 8

enum related {
	RELATED_NOT = 0,
	RELATED = 1,
	RELATED_TO_PROXY = 2, /* to a connection whose other side is the DNS proxy */
};

/* The quoted packet went the other way: its source is our workload where the error reaches it. */
__noinline int related_find(struct __sk_buff *skb, const struct packet *p, const struct endpoint *ep, __u8 direction, __u64 now)
{
	struct packet quoted = {};
	struct ct_key key = {};
	struct ct_value *ct;
	int established, result;

	if (!p || !ep)
		return RELATED_NOT;
	if (p->family == 4)
		result = packet_parse_v4(skb, &quoted, p->offset + ICMP_HEADER);
	else
		result = packet_parse_v6(skb, &quoted, p->offset + ICMP_HEADER);
	/* Of the quoted transport header 8 bytes are promised (RFC 792), which have the ports. */
	if (result || quoted.fragment == FRAGMENT_LATER || packet_parse_transport(skb, &quoted))
		return RELATED_NOT;
	if (packet_is_icmp(&quoted) && !packet_is_echo(&quoted))
		return RELATED_NOT;
	ct_key_of(&key, &quoted, ep->id, direction ^ 1);
	/* An error goes to whom the quoted packet came from. */
	if (!addr_equal(&p->destination, &quoted.source) || !endpoint_owns(ep, &key.local))
		return RELATED_NOT;
	ct = ct_lookup(&key, now, &established);
	if (!ct)
		return RELATED_NOT;
	return ct->flags & CT_REDIRECT_DNS ? RELATED_TO_PROXY : RELATED;
}

#endif
