/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From bytes to a packet: addresses in mapped form, protocol, ports. Lengths in the packet are never trusted:
 * every read is a bpf_skb_load_bytes, which also reaches what does not lie in the linear part.
 * packet_parse returns 0, PACKET_PASSES for what needs no policy (ARP, neighbour discovery), or a drop reason.
 */
#ifndef EGRESS_PACKET_H
#define EGRESS_PACKET_H

#include "base.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#define PACKET_PASSES 1
#define EXTENSION_HEADERS 6

/* linux/icmp.h and icmpv6.h pull in the C library's headers, which have no place here. */
#define ICMP_ECHOREPLY 0
#define ICMP_DEST_UNREACH 3
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129
#define PROTOCOL_SCTP 132

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

enum fragment_place {
	FRAGMENT_NONE = 0,
	FRAGMENT_FIRST = 1, /* has the ports */
	FRAGMENT_LATER = 2, /* has none */
};

struct packet {
	union addr source;
	union addr destination;
	__be16 source_port; /* echo: the identifier; other ICMP: 0 */
	__be16 destination_port;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 family;
	__u8 hop_limit;
	__u8 fragment; /* enum fragment_place */
	__u8 is_echo; /* an echo request or reply */
	__u32 fragment_id;
	__u32 offset; /* of the transport header */
	__u32 length; /* from the network header on */
};

static __always_inline int packet_is_icmp(const struct packet *p)
{
	return p->protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* Errors that speak of another packet: RFC 792, RFC 4443 section 2.1 (types below 128). */
static __always_inline int packet_is_icmp_error(const struct packet *p)
{
	if (!packet_is_icmp(p))
		return 0;
	if (p->family == 4)
		return p->icmp_type == ICMP_DEST_UNREACH || p->icmp_type == ICMP_TIME_EXCEEDED ||
		       p->icmp_type == ICMP_PARAMETERPROB;
	return p->icmp_type >= 1 && p->icmp_type <= 4;
}

static __always_inline int packet_is_opening_syn(const struct packet *p)
{
	return p->protocol == IPPROTO_TCP && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

/* Ports, or what stands for them. `tail` is 0 for a quoted header, of which 8 bytes are promised (RFC 792). */
static __always_inline int packet_parse_transport(struct __sk_buff *skb, struct packet *p, int quoted)
{
	__u8 head[14];

	switch (p->protocol) {
	case IPPROTO_TCP:
		if (bpf_skb_load_bytes(skb, p->offset, head, quoted ? 8 : 14))
			return DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER;
		p->tcp_flags = quoted ? 0 : head[13];
		break;
	case IPPROTO_UDP:
	case PROTOCOL_SCTP:
		if (bpf_skb_load_bytes(skb, p->offset, head, 8))
			return DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		/* The other family's ICMP is just a protocol by number. */
		if (!packet_is_icmp(p))
			return 0;
		if (bpf_skb_load_bytes(skb, p->offset, head, 8))
			return DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER;
		p->icmp_type = head[0];
		p->icmp_code = head[1];
		p->is_echo = p->family == 4 ? head[0] == ICMP_ECHO || head[0] == ICMP_ECHOREPLY :
					      head[0] == ICMPV6_ECHO_REQUEST || head[0] == ICMPV6_ECHO_REPLY;
		if (p->is_echo)
			__builtin_memcpy(&p->source_port, head + 4, 2);
		p->destination_port = p->source_port;
		return 0;
	default:
		return 0;
	}
	__builtin_memcpy(&p->source_port, head, 2);
	__builtin_memcpy(&p->destination_port, head + 2, 2);
	return 0;
}

static __always_inline int packet_parse_v4(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct iphdr ip;
	__u16 fragment;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return DROP_REASON_INVALID_PACKET;
	p->family = 4;
	p->protocol = ip.protocol;
	p->hop_limit = ip.ttl;
	addr_from_v4(&p->source, ip.saddr);
	addr_from_v4(&p->destination, ip.daddr);
	p->offset = offset + ip.ihl * 4;
	fragment = bpf_ntohs(ip.frag_off);
	p->fragment_id = bpf_ntohs(ip.id);
	if (fragment & 0x1fff) {
		/* A second fragment that starts within the transport header could rewrite it (RFC 1858 section 4). */
		if ((fragment & 0x1fff) == 1 && ip.protocol == IPPROTO_TCP)
			return DROP_REASON_INVALID_PACKET;
		p->fragment = FRAGMENT_LATER;
	} else if (fragment & 0x2000) {
		p->fragment = FRAGMENT_FIRST;
	}
	return 0;
}

/* Walks the extension headers (RFC 8200 section 4) up to the transport header. */
static __always_inline int packet_parse_v6(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct ipv6hdr ip;
	__u8 next;

	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.version != 6)
		return DROP_REASON_INVALID_PACKET;
	p->family = 6;
	p->hop_limit = ip.hop_limit;
	__builtin_memcpy(&p->source, &ip.saddr, 16);
	__builtin_memcpy(&p->destination, &ip.daddr, 16);
	/* A mapped address never travels (RFC 4291 section 2.5.5.2), and here it would pass for the IPv4 one. */
	if ((!p->source.words[0] && !p->source.words[1] && p->source.words[2] == bpf_htonl(0xffff)) ||
	    (!p->destination.words[0] && !p->destination.words[1] && p->destination.words[2] == bpf_htonl(0xffff)))
		return DROP_REASON_INVALID_PACKET;
	next = ip.nexthdr;
	offset += sizeof(ip);
	for (int i = 0; i <= EXTENSION_HEADERS; i++) {
		__u8 head[8];

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT && next != IPPROTO_AH) {
			p->protocol = next;
			p->offset = offset;
			return 0;
		}
		if (i == EXTENSION_HEADERS || bpf_skb_load_bytes(skb, offset, head, sizeof(head)))
			return DROP_REASON_INVALID_IPV6_EXTENSION_HEADER;
		if (next == IPPROTO_FRAGMENT) {
			__u16 place = head[2] << 8 | head[3];

			__builtin_memcpy(&p->fragment_id, head + 4, 4);
			if (place & 0xfff8) {
				/* What follows is not a header any more. */
				p->fragment = FRAGMENT_LATER;
				p->protocol = head[0];
				p->offset = offset + 8;
				return 0;
			}
			/* Without M it is an atomic fragment (RFC 6946), a whole packet. */
			if (place & 1)
				p->fragment = FRAGMENT_FIRST;
			offset += 8;
		} else if (next == IPPROTO_AH) {
			offset += (head[1] + 2) * 4; /* RFC 4302 section 2.2 */
		} else {
			offset += (head[1] + 1) * 8;
		}
		next = head[0];
	}
	return DROP_REASON_INVALID_IPV6_EXTENSION_HEADER;
}

/* Neighbour discovery and group membership keep a link alive, and are no way off it: the hop limit proves that no
 * router passed them on (RFC 4861 section 3.1), or that none will (RFC 3810 section 5). */
static __always_inline int packet_check_icmpv6(const struct packet *p)
{
	if (p->icmp_type >= 133 && p->icmp_type <= 137)
		return p->hop_limit == 255 ? PACKET_PASSES : DROP_REASON_FORBIDDEN_ICMPV6;
	if ((p->icmp_type >= 130 && p->icmp_type <= 132) || p->icmp_type == 143)
		return p->hop_limit == 1 && (addr_is_link_local6(&p->source) || addr_is_zero(&p->source)) ?
			       PACKET_PASSES : DROP_REASON_FORBIDDEN_ICMPV6;
	return 0;
}

static __always_inline int packet_parse(struct __sk_buff *skb, struct packet *p)
{
	int result;

	p->length = skb->len - ETH_HLEN;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		result = packet_parse_v4(skb, p, ETH_HLEN);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		result = packet_parse_v6(skb, p, ETH_HLEN);
	else
		return skb->protocol == bpf_htons(ETH_P_ARP) ? PACKET_PASSES : DROP_REASON_UNSUPPORTED_L2_PROTOCOL;
	if (result || p->fragment == FRAGMENT_LATER)
		return result;
	result = packet_parse_transport(skb, p, 0);
	if (result)
		return result;
	return p->family == 6 && p->protocol == IPPROTO_ICMPV6 ? packet_check_icmpv6(p) : 0;
}

#endif
