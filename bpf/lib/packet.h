/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is known of a packet, and how its bytes are read: every read is held against the packet's end. parse.h fills it in.
 */
#ifndef EGRESS_PACKET_H
#define EGRESS_PACKET_H

#include "base.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#define PACKET_PASSES 1
#define LINEAR_PART 1024

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
	union addr destination; /* right behind the source, as in an IPv6 header */
	__be16 source_port; /* echo: the identifier in both; other ICMP: 0 */
	__be16 destination_port;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 family;
	__u8 hop_limit;
	__u8 fragment; /* enum fragment_place */
	__u8 fragment_protocol; /* what all fragments of a datagram name as its first header */
	__u32 fragment_id;
	__u32 offset; /* of the transport header */
	__u32 end; /* of the payload, as the network header tells it; padding may follow */
	__u32 length; /* from the network header on */
};

/* Reads a part of the packet that may lie outside of its linear part. It is pulled in first: a page that the sender may still write to
 * must not say one thing here and another to the router. */
static __always_inline int packet_pull(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	return offset + size > skb->len || bpf_skb_pull_data(skb, offset + size) || bpf_skb_load_bytes(skb, offset, to, size);
}

/* The same for what lies in the linear part as good as always, and is read there without a call. */
static __always_inline int packet_load(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	void *data = (void *)(long)skb->data;

	if (offset <= LINEAR_PART && data + offset + size <= (void *)(long)skb->data_end) {
		/* Headers are aligned to words but for the Ethernet header's 14 bytes, which NET_IP_ALIGN makes up for. */
		__builtin_memcpy(to, __builtin_assume_aligned(data + offset, 4), size);
		return 0;
	}
	return packet_pull(skb, offset, to, size);
}

static __always_inline int packet_is_icmp(const struct packet *p)
{
	return p->protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* A request or its reply; the only ICMP that is an exchange between two. */
static __always_inline int packet_is_echo(const struct packet *p)
{
	if (!packet_is_icmp(p))
		return 0;
	return p->family == 4 ? p->icmp_type == ICMP_ECHO || p->icmp_type == ICMP_ECHOREPLY :
				p->icmp_type == ICMPV6_ECHO_REQUEST || p->icmp_type == ICMPV6_ECHO_REPLY;
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

#endif
