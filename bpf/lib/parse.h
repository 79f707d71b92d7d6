/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * From bytes to a packet: addresses in mapped form, protocol, ports. Lengths in the packet are never trusted.
 * packet_parse returns 0, PACKET_PASSES for what needs no policy (ARP), or a drop reason.
 */
#ifndef EGRESS_PARSE_H
#define EGRESS_PARSE_H

#include "packet.h"
#include <linux/ip.h>

#define EXTENSION_HEADERS 6
#define IPV6_HEADER 40
#define IP_OPTION_END 0
#define IP_OPTION_NOP 1
#define IP_OPTION_LSRR 131
#define IP_OPTION_SSRR 137

/* Ports, or what stands for them, which all transports have in their first 8 bytes. */
static __always_inline int packet_parse_transport(struct __sk_buff *skb, struct packet *p)
{
	__u8 head[8];

	if (p->protocol != IPPROTO_TCP && p->protocol != IPPROTO_UDP && p->protocol != PROTOCOL_SCTP && !packet_is_icmp(p))
		return 0;
	if (packet_load(skb, p->offset, head, sizeof(head)))
		return DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER;
	if (!packet_is_icmp(p)) {
		__builtin_memcpy(&p->source_port, head, 2);
		__builtin_memcpy(&p->destination_port, head + 2, 2);
		return 0;
	}
	p->icmp_type = head[0];
	p->icmp_code = head[1];
	if (packet_is_echo(p)) {
		__builtin_memcpy(&p->source_port, head + 4, 2);
		p->destination_port = p->source_port;
	}
	return 0;
}

/* The header must lie within what the network header calls its payload: padding that follows would not reach the receiver. */
static __always_inline int packet_check_transport(struct __sk_buff *skb, struct packet *p)
{
	__u32 size = 0;

	if (p->end > skb->len || p->offset > p->end)
		return DROP_REASON_INVALID_PACKET;
	if (p->fragment == FRAGMENT_LATER)
		return 0;
	if (p->protocol == IPPROTO_TCP)
		size = 20;
	else if (p->protocol == PROTOCOL_SCTP)
		size = 12;
	else if (p->protocol == IPPROTO_UDP || packet_is_icmp(p))
		size = 8;
	if (p->end - p->offset < size)
		return DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER;
	if (p->protocol == IPPROTO_TCP && packet_load(skb, p->offset + 13, &p->tcp_flags, 1))
		return DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER;
	return 0;
}

/* Loose and strict source routes (RFC 791 section 3.1): the destination that is judged would not be the one that is reached. */
__noinline int packet_is_source_routed(struct __sk_buff *skb, __u32 offset, __u32 end)
{
	if (end > skb->len || bpf_skb_pull_data(skb, end))
		return 1;
	for (int i = 0; i < 40 && offset < end; i++) {
		__u8 type, length;

		if (bpf_skb_load_bytes(skb, offset, &type, 1) || type == IP_OPTION_LSRR || type == IP_OPTION_SSRR)
			return 1;
		if (type == IP_OPTION_END)
			return 0;
		if (type == IP_OPTION_NOP) {
			offset++;
			continue;
		}
		if (bpf_skb_load_bytes(skb, offset + 1, &length, 1) || length < 2)
			return 1;
		offset += length;
	}
	return 0;
}

static __always_inline int packet_parse_v4(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	struct iphdr ip;
	__u16 fragment;
	__u32 length;

	if (packet_load(skb, offset, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return DROP_REASON_INVALID_PACKET;
	p->family = 4;
	p->protocol = ip.protocol;
	p->hop_limit = ip.ttl;
	addr_from_v4(&p->source, ip.saddr);
	addr_from_v4(&p->destination, ip.daddr);
	p->offset = offset + ip.ihl * 4;
	if (ip.ihl > 5 && packet_is_source_routed(skb, offset + sizeof(ip), p->offset))
		return DROP_REASON_INVALID_PACKET;
	length = bpf_ntohs(ip.tot_len);
	/* A segment for the device to cut may be longer than the field can tell ("BIG TCP"). */
	p->end = length || !skb->gso_size ? offset + length : skb->len;
	p->fragment_protocol = ip.protocol;
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

static __always_inline int packet_is_extension(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING || header == IPPROTO_DSTOPTS || header == IPPROTO_FRAGMENT ||
	       header == IPPROTO_AH;
}

/* Walks the extension headers (RFC 8200 section 4) up to the transport header. */
__noinline int packet_skip_extensions(struct __sk_buff *skb, struct packet *p)
{
	for (int i = 0; p && i < EXTENSION_HEADERS; i++) {
		__u8 next = p->protocol, head[8];

		if (packet_pull(skb, p->offset, head, sizeof(head)))
			return DROP_REASON_INVALID_IPV6_EXTENSION_HEADER;
		p->protocol = head[0];
		if (next == IPPROTO_FRAGMENT) {
			__u16 place = head[2] << 8 | head[3];

			__builtin_memcpy(&p->fragment_id, head + 4, 4);
			p->fragment_protocol = head[0];
			p->offset += 8;
			if (place & 0xfff8) {
				/* What follows is not a header any more. */
				p->fragment = FRAGMENT_LATER;
				return 0;
			}
			/* Without M it is an atomic fragment (RFC 6946), a whole packet. */
			if (place & 1)
				p->fragment = FRAGMENT_FIRST;
		} else if (next == IPPROTO_AH) {
			p->offset += (head[1] + 2) * 4; /* RFC 4302 section 2.2 */
		} else {
			/* Segments left: the destination is not the last one yet (RFC 8200 section 4.4). */
			if (next == IPPROTO_ROUTING && head[3])
				return DROP_REASON_INVALID_IPV6_EXTENSION_HEADER;
			p->offset += (head[1] + 1) * 8;
		}
		if (!packet_is_extension(p->protocol))
			return 0;
	}
	return DROP_REASON_INVALID_IPV6_EXTENSION_HEADER;
}

static __always_inline int packet_parse_v6(struct __sk_buff *skb, struct packet *p, __u32 offset)
{
	__u8 head[8]; /* version, payload length, next header, hop limit; two addresses follow */
	__u16 length;

	if (packet_load(skb, offset, head, sizeof(head)) || head[0] >> 4 != 6 || packet_load(skb, offset + sizeof(head), &p->source, 32))
		return DROP_REASON_INVALID_PACKET;
	p->family = 6;
	p->hop_limit = head[7];
	/* A mapped address never travels (RFC 4291 section 2.5.5.2), and here it would pass for the IPv4 one. */
	if ((!p->source.words[0] && !p->source.words[1] && p->source.words[2] == bpf_htonl(0xffff)) ||
	    (!p->destination.words[0] && !p->destination.words[1] && p->destination.words[2] == bpf_htonl(0xffff)))
		return DROP_REASON_INVALID_PACKET;
	p->protocol = head[6];
	p->offset = offset + IPV6_HEADER;
	length = head[4] << 8 | head[5];
	p->end = length || !skb->gso_size ? p->offset + length : skb->len;
	return packet_is_extension(p->protocol) ? packet_skip_extensions(skb, p) : 0;
}

static __always_inline int packet_parse(struct __sk_buff *skb, struct packet *p)
{
	int result;

	p->length = skb->len - ETH_HLEN;
	/* The workload's interface carries one network; a tag would lead to another. */
	if (skb->vlan_present)
		return DROP_REASON_UNSUPPORTED_L2_PROTOCOL;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		result = packet_parse_v4(skb, p, ETH_HLEN);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		result = packet_parse_v6(skb, p, ETH_HLEN);
	else
		return skb->protocol == bpf_htons(ETH_P_ARP) ? PACKET_PASSES : DROP_REASON_UNSUPPORTED_L2_PROTOCOL;
	if (!result)
		result = packet_check_transport(skb, p);
	if (result || p->fragment == FRAGMENT_LATER)
		return result;
	return packet_parse_transport(skb, p);
}

#endif
