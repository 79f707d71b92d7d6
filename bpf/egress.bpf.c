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
#include "lib/parse.h"
#include "lib/neighbour.h"
#include "lib/endpoint.h"
#include "lib/fragment.h"
#include "lib/event.h"
#include "lib/ct.h"
#include "lib/related.h"
#include "lib/dns.h"
#include "lib/verdict.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Step 7. Judges a packet that no connection speaks for, and remembers the connection that it opens. `replaces`: the key
 * has an established entry, which the new one takes the place of. */
static __always_inline int open_connection(const struct packet *p, const struct endpoint *ep, const struct ct_key *key,
					   struct judgement *j, int replaces, __u64 now)
{
	struct ct_value ct = {};

	verdict_judge(p, ep, j);
	if (j->verdict == VERDICT_DENIED)
		return j->reason;
	/* Other ICMP than echo stands for itself, and a lone reset opens nothing. */
	if ((packet_is_icmp(p) && !packet_is_echo(p)) || (p->protocol == IPPROTO_TCP && (p->tcp_flags & TCP_RST))) {
		event_emit(p, ep, j, now, 0);
		return 0;
	}
	ct.flags = (j->direction == DIRECTION_INGRESS ? CT_INITIATED_INGRESS : 0) | (j->redirect ? CT_REDIRECT_DNS : 0) |
		   (j->verdict == VERDICT_AUDITED ? CT_AUDITED : 0);
	ct.deadline = now + ct_lifetime(p->protocol, ct.flags);
	ct.revision = ep->revision;
	ct.rule = j->rule;
	ct.fqdn_identity = j->admitted_identity;
	if (ct_create(key, &ct)) {
		j->verdict = VERDICT_DENIED;
		j->reason = DROP_REASON_CT_MAP_INSERTION_FAILED;
		return j->reason;
	}
	if (replaces)
		bpf_map_delete_elem(&egress_ct, key);
	event_emit(p, ep, j, now, 0);
	return 0;
}

/* Step 6, for a packet forward whose connection was judged under another revision. What let it in is kept for as long as
 * its rule stands, also where another entry wins now. */
static __always_inline int judge_anew(const struct packet *p, const struct endpoint *ep, const struct ct_key *key,
				      const struct ct_value *ct, struct judgement *j, int established, __u64 now)
{
	struct ct_value anew = *ct;
	__u32 flags;

	j->kept_identity = ct->fqdn_identity;
	verdict_judge(p, ep, j);
	if (j->verdict == VERDICT_DENIED) {
		ct_delete(key);
		return j->reason;
	}
	flags = (j->redirect ? CT_REDIRECT_DNS : 0) | (j->verdict == VERDICT_AUDITED ? CT_AUDITED : 0);
	if ((flags ^ anew.flags) & CT_AUDITED)
		event_emit(p, ep, j, now, 0);
	anew.flags = (anew.flags & ~(CT_REDIRECT_DNS | CT_AUDITED)) | flags;
	anew.rule = j->rule;
	if (j->admitted)
		anew.fqdn_identity = j->kept_identity ? j->kept_identity : j->admitted_identity;
	anew.revision = ep->revision;
	ct_replace(key, &anew, established);
	return 0;
}

/* Steps 6 and 7: 0, or why it is dropped. Sets j->redirect where the packet goes to the proxy. */
static __always_inline int track(struct __sk_buff *skb, const struct packet *p, const struct endpoint *ep, struct judgement *j,
				 int *is_reply, __u64 now)
{
	struct ct_key key = {};
	struct ct_value *ct;
	int reason, established, forward;

	ct_key_of(&key, p, ep->id, j->direction);
	ct = ct_lookup(&key, now, &established);
	if (!ct)
		return open_connection(p, ep, &key, j, 0, now);
	forward = ct_is_forward(ct, j->direction);
	if (!forward && (ct->flags & CT_REDIRECT_DNS) && !dns_reply_is_ours(skb)) {
		*is_reply = 1;
		return DROP_REASON_DNS_REPLY_NOT_FROM_PROXY;
	}
	if (packet_is_opening_syn(p)) {
		if (ct_is_reopened(ct, j->direction, forward, established))
			return open_connection(p, ep, &key, j, established, now);
		if (!forward) {
			/* An opening of the other side, which leaves the standing connection as it is. */
			verdict_judge(p, ep, j);
			return j->verdict == VERDICT_DENIED ? j->reason : 0;
		}
	}
	if (!forward && j->direction == DIRECTION_EGRESS && dns_is_question(ep, p))
		return open_connection(p, ep, &key, j, established, now);
	*is_reply = !forward;
	if (forward && ct->revision != ep->revision) {
		reason = judge_anew(p, ep, &key, ct, j, established, now);
		if (reason)
			return reason;
		ct = ct_lookup(&key, now, &established);
		if (!ct)
			return 0;
	}
	j->redirect = forward && (ct->flags & CT_REDIRECT_DNS) != 0;
	ct_advance(&key, ct, p, j->direction, forward, established, now);
	return 0;
}

static __always_inline int process(struct __sk_buff *skb, __u8 direction)
{
	struct packet p = {};
	struct judgement j = { .direction = direction, .verdict = VERDICT_ALLOWED };
	struct endpoint *ep;
	__u32 ifindex = skb->ifindex;
	int reason, is_reply = 0, related;
	__u64 now = time_now();

	reason = packet_parse(skb, &p); /* 1 */
	if (!reason)
		reason = neighbour_check(&p, direction);
	if (reason == PACKET_PASSES)
		goto pass;
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
	if (packet_is_icmp_error(&p) && p.fragment != FRAGMENT_LATER) { /* 4 */
		related = related_find(skb, &p, ep, direction, now);
		/* The mark alone: the local stack finds the proxy's socket by what is quoted. */
		if (related == RELATED_TO_PROXY && direction == DIRECTION_EGRESS)
			skb->mark = MARK_TO_PROXY;
		if (related)
			goto pass;
	}
	if (p.fragment) { /* 5 */
		reason = fragment_ports(&p, ep->id, direction, now);
		if (reason)
			goto drop;
	}
	reason = track(skb, &p, ep, &j, &is_reply, now); /* 6, 7 */
	if (!reason && j.redirect)
		reason = dns_redirect(skb, &p); /* 8 */
	if (reason)
		goto drop;
pass:
	event_count(0, direction, p.length); /* 9 */
	return j.redirect ? PASS_AS_IS : NEXT_PROGRAM;
drop:
	j.verdict = VERDICT_DENIED;
	j.reason = reason;
	event_count(reason, direction, p.length);
	event_emit(&p, ep, &j, now, is_reply);
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
