// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The datapath: two programs at the host side of a workload's veth. from_workload sees what leaves the workload (egress
 * policy), to_workload what reaches it (ingress policy). Both walk the same steps:
 *
 *   1. parse the packet; ARP and neighbour discovery pass
 *   2. whose is it? an interface that is not known, or not ready, is closed
 *   3. does it come from the workload's own address, or go to it?
 *   4. an ICMP error about a standing connection belongs to it
 *   5. a later fragment borrows its ports
 *   6. a standing connection: replies pass; packets forward pass under the revision they were judged under,
 *      and are judged anew under another
 *   7. a new connection: judged, tracked, reported
 *   8. DNS goes to the proxy
 *   9. count, and go on to the next program or drop
 */
#include "lib/base.h"
#include "lib/packet.h"
#include "lib/endpoint.h"
#include "lib/fragment.h"
#include "lib/event.h"
#include "lib/ct.h"
#include "lib/verdict.h"
#include "lib/dns.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Step 4. The quoted packet went the other way: its source is our workload where the error reaches it. */
__noinline int related(struct __sk_buff *skb, const struct packet *p, const struct endpoint *ep, __u8 direction, __u64 now)
{
	struct packet quoted = {};
	struct ct_key key = {};
	int established, result;

	if (!p || !ep)
		return 0;
	if (p->family == 4)
		result = packet_parse_v4(skb, &quoted, p->offset + 8);
	else
		result = packet_parse_v6(skb, &quoted, p->offset + 8);
	if (result || quoted.fragment == FRAGMENT_LATER || packet_parse_transport(skb, &quoted, 1))
		return 0;
	ct_key_of(&key, &quoted, ep->id, direction ^ 1);
	return endpoint_owns(ep, &key.local) && ct_lookup(&key, now, &established) != NULL;
}

/* Step 7. Judges a packet that no connection speaks for, and remembers the connection that it opens. */
static __always_inline int open_connection(const struct packet *p, const struct endpoint *ep, const struct ct_key *key,
					   struct judgement *j, __u64 now)
{
	struct ct_value ct = {};

	verdict_judge(p, ep, j, 0, now);
	if (j->verdict == VERDICT_DENIED)
		return j->reason;
	/* Other ICMP than echo stands for itself, and a lone reset opens nothing. */
	if ((packet_is_icmp(p) && !p->is_echo) || (p->protocol == IPPROTO_TCP && (p->tcp_flags & TCP_RST))) {
		event_emit(p, ep, j, now, 0);
		return 0;
	}
	ct.flags = (j->direction == DIRECTION_INGRESS ? CT_INITIATED_INGRESS : 0) | (j->redirect ? CT_REDIRECT_DNS : 0) |
		   (j->verdict == VERDICT_AUDITED ? CT_AUDITED : 0);
	ct.deadline = now + ct_lifetime(p->protocol, ct.flags);
	ct.revision = ep->revision;
	ct.rule = j->rule;
	ct.fqdn_identity = j->verdict == VERDICT_AUDITED ? 0 : j->fqdn_identity;
	if (packet_is_opening_syn(p))
		bpf_map_delete_elem(&egress_ct, key); /* a port that is used again */
	if (ct_create(key, &ct)) {
		j->verdict = VERDICT_DENIED;
		j->reason = DROP_REASON_CT_MAP_INSERTION_FAILED;
		return j->reason;
	}
	event_emit(p, ep, j, now, 0);
	return 0;
}

/* Step 6, for a packet forward whose connection was judged under another revision. */
static __always_inline int judge_anew(const struct packet *p, const struct endpoint *ep, const struct ct_key *key,
				      struct ct_value *ct, struct judgement *j, __u64 now)
{
	__u32 flags = ct->flags & ~(CT_REDIRECT_DNS | CT_AUDITED);

	verdict_judge(p, ep, j, ct->fqdn_identity, now);
	if (j->verdict == VERDICT_DENIED) {
		ct_delete(key);
		return j->reason;
	}
	if (j->verdict == VERDICT_AUDITED && !(ct->flags & CT_AUDITED))
		event_emit(p, ep, j, now, 0);
	ct->flags = flags | (j->redirect ? CT_REDIRECT_DNS : 0) | (j->verdict == VERDICT_AUDITED ? CT_AUDITED : 0);
	ct->rule = j->rule;
	ct->fqdn_identity = j->verdict == VERDICT_AUDITED ? ct->fqdn_identity : j->fqdn_identity;
	ct->revision = ep->revision;
	return 0;
}

static __always_inline int process(struct __sk_buff *skb, __u8 direction)
{
	struct packet p = {};
	struct judgement j = { .direction = direction, .verdict = VERDICT_ALLOWED };
	struct ct_key key = {};
	struct endpoint *ep;
	struct ct_value *ct;
	__u32 ifindex = skb->ifindex;
	int reason, established = 0, forward = 1, redirect = 0;
	__u64 now = time_now();

	reason = packet_parse(skb, &p); /* 1 */
	if (reason == PACKET_PASSES)
		return NEXT_PROGRAM;
	ep = bpf_map_lookup_elem(&egress_endpoint, &ifindex); /* 2 */
	if (reason)
		goto drop;
	reason = DROP_REASON_NO_CONFIGURATION;
	if (!ep)
		goto drop;
	reason = DROP_REASON_ENDPOINT_NOT_READY;
	if (ep->flags & ENDPOINT_LOCKED)
		goto drop;
	reason = direction == DIRECTION_EGRESS ? endpoint_check_egress(ep, &p) : endpoint_check_ingress(ep, &p); /* 3 */
	if (reason)
		goto drop;
	if (packet_is_icmp_error(&p) && p.fragment != FRAGMENT_LATER && related(skb, &p, ep, direction, now)) /* 4 */
		goto pass;
	if (p.fragment) { /* 5 */
		reason = fragment_ports(&p, ep->id, direction, now);
		if (reason)
			goto drop;
	}
	ct_key_of(&key, &p, ep->id, direction);
	ct = ct_lookup(&key, now, &established);
	if (ct) { /* 6 */
		forward = ct_is_forward(ct, direction);
		/* A SYN opens: a retransmission of the first one is known, any other is a connection of its own. */
		if (packet_is_opening_syn(&p) && (!forward || established || (ct->flags & (CT_REPLY_SEEN | CT_RESET | CT_CLOSED_BOTH)))) {
			if (!forward) {
				/* Judged as an opening of the other side, which leaves the standing one as it is. */
				verdict_judge(&p, ep, &j, 0, now);
				reason = j.verdict == VERDICT_DENIED ? j.reason : 0;
				goto decided;
			}
			ct = NULL;
		}
	}
	if (!ct) { /* 7 */
		reason = open_connection(&p, ep, &key, &j, now);
		redirect = j.redirect;
		goto decided;
	}
	if (forward && ct->revision != ep->revision) {
		reason = judge_anew(&p, ep, &key, ct, &j, now);
		if (reason)
			goto drop;
	}
	reason = DROP_REASON_DNS_REPLY_NOT_FROM_PROXY;
	if (direction == DIRECTION_INGRESS && (ct->flags & CT_REDIRECT_DNS) && !dns_reply_is_ours(skb))
		goto drop;
	redirect = direction == DIRECTION_EGRESS && (ct->flags & CT_REDIRECT_DNS);
	ct_advance(&key, ct, &p, direction, forward, established, now);
	reason = 0;
decided:
	if (reason)
		goto drop;
	if (redirect) { /* 8 */
		reason = dns_redirect(skb, &p);
		if (reason)
			goto drop;
		event_count(0, direction, p.length);
		return PASS_AS_IS;
	}
pass:
	event_count(0, direction, p.length); /* 9 */
	return NEXT_PROGRAM;
drop:
	j.verdict = VERDICT_DENIED;
	j.reason = reason;
	event_count(reason, direction, p.length);
	event_emit(&p, ep, &j, now, !forward);
	return DROP;
}

SEC("tc")
int from_workload(struct __sk_buff *skb)
{
	return process(skb, DIRECTION_EGRESS);
}

SEC("tc")
int to_workload(struct __sk_buff *skb)
{
	return process(skb, DIRECTION_INGRESS);
}
