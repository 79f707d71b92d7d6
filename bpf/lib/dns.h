/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * DNS on its way to the proxy. The packet stays as it is; the socket that will receive it is chosen here, and the mark makes
 * a routing rule deliver it locally. The workload sees its server's own address answering. No proxy, no socket: dropped,
 * since what the answer would open must be learned first.
 */
#ifndef EGRESS_DNS_H
#define EGRESS_DNS_H

#include "endpoint.h"

#define DNS_PORT 53

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4 * SOCKS_PER_KIND);
	__type(key, __u32);
	__type(value, __u64);
} egress_socks SEC(".maps");

/* The connection's own socket, once the handshake has begun; segments must not go to the listener then. */
static __always_inline struct bpf_sock *dns_find_connection(struct __sk_buff *skb, const struct packet *p)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk;

	if (p->family == 4) {
		tuple.ipv4.saddr = p->source.words[3];
		tuple.ipv4.daddr = p->destination.words[3];
		tuple.ipv4.sport = p->source_port;
		tuple.ipv4.dport = p->destination_port;
		sk = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &p->source, 16);
		__builtin_memcpy(tuple.ipv6.daddr, &p->destination, 16);
		tuple.ipv6.sport = p->source_port;
		tuple.ipv6.dport = p->destination_port;
		sk = bpf_skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (sk && (sk->state == BPF_TCP_LISTEN || sk->state == BPF_TCP_TIME_WAIT)) {
		bpf_sk_release(sk);
		sk = NULL;
	}
	return sk;
}

/* Hands the packet to the proxy; returns 0 or a drop reason. */
static __always_inline int dns_redirect(struct __sk_buff *skb, const struct packet *p)
{
	int tcp = p->protocol == IPPROTO_TCP;
	struct bpf_sock *sk = NULL;
	__u32 index, workers = config.dns_workers;
	long result;

	if (tcp)
		sk = dns_find_connection(skb, p);
	if (!sk) {
		if (!workers)
			return DROP_REASON_SOCKET_LOOKUP_FAILED;
		/* One flow, one worker; the workload's own ports spread the load. */
		index = (bpf_ntohs(p->source_port) ^ bpf_ntohl(p->source.words[3])) % workers;
		index = (index & (SOCKS_PER_KIND - 1)) + (p->family == 4 ? 0 : 2 * SOCKS_PER_KIND) + (tcp ? SOCKS_PER_KIND : 0);
		sk = bpf_map_lookup_elem(&egress_socks, &index);
	}
	if (!sk)
		return DROP_REASON_SOCKET_LOOKUP_FAILED;
	result = bpf_sk_assign(skb, sk, 0);
	bpf_sk_release(sk);
	if (result)
		return DROP_REASON_SOCKET_ASSIGN_FAILED;
	skb->mark = MARK_TO_PROXY;
	return 0;
}

/* A question over UDP is never just a reply: else a datagram from outside, sent ahead from a server's port, would have
 * the questions that follow pass by the proxy. (TCP tells an opening by its SYN.) */
static __always_inline int dns_is_question(const struct endpoint *ep, const struct packet *p)
{
	return (ep->flags & ENDPOINT_OBSERVE_DNS) && p->protocol == IPPROTO_UDP &&
	       p->destination_port == bpf_htons(DNS_PORT) && p->source_port != bpf_htons(DNS_PORT);
}

/* Answers on an intercepted flow come from the proxy, or from no one. */
static __always_inline int dns_reply_is_ours(const struct __sk_buff *skb)
{
	return (skb->mark & MARK_MASK) == MARK_FROM_PROXY;
}

#endif
