/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * May this packet pass? It is judged as anyone, as the network identity of the other side, and (egress) as each live name
 * learned for its address; the highest precedence wins. Without an entry the endpoint's default for the direction decides.
 */
#ifndef EGRESS_VERDICT_H
#define EGRESS_VERDICT_H

#include "dns.h"
#include "endpoint.h"
#include "event.h"
#include "ipcache.h"
#include "learned.h"
#include "policy.h"

static __always_inline __u16 verdict_port(const struct packet *p)
{
	if (packet_is_icmp(p))
		return p->icmp_type;
	return bpf_ntohs(p->destination_port);
}

/* On the way to a drop only: would a name have allowed it whose time is over? */
static __always_inline __u32 verdict_expired_name(const struct policy_query *q, const struct learned_value *learned, __u64 now)
{
	for (int i = 0; i < LEARNED_SLOTS; i++) {
		struct policy_match match = {};
		__u32 identity = learned->slots[i].identity;

		if (!identity || !time_is_past(learned->slots[i].deadline, now))
			continue;
		policy_match(q, identity, &match);
		if (policy_allows(&match))
			return identity;
	}
	return 0;
}

__noinline int verdict_judge(const struct packet *p, const struct endpoint *ep, struct judgement *j, __u64 now)
{
	struct policy_query q = {};
	struct policy_match best = {};
	struct learned_value *learned = NULL;
	const union addr *remote;
	int audit;

	if (!p || !ep || !j)
		return 0;
	remote = j->direction == DIRECTION_EGRESS ? &p->destination : &p->source;
	audit = ep->flags & ENDPOINT_AUDIT;
	q.policy = ep->policy;
	q.levels = ep->levels[j->direction & 1];
	q.port = verdict_port(p);
	q.protocol = p->protocol;
	q.direction = j->direction;
	j->remote_identity = ipcache_identity(remote);
	j->fqdn_identity = 0;
	j->rule = 0;
	j->reason = DROP_REASON_NONE;
	j->redirect = 0;
	/* The node reaches its own workloads: probes, and what the kubelet does. */
	if (j->direction == DIRECTION_INGRESS && j->remote_identity == IDENTITY_HOST) {
		j->verdict = VERDICT_ALLOWED;
		return 0;
	}
	policy_match(&q, IDENTITY_ANY, &best);
	policy_match(&q, j->remote_identity, &best);
	if (j->direction == DIRECTION_EGRESS) {
		learned = learned_lookup(ep->scope, remote);
		if (learned) {
			for (int i = 0; i < LEARNED_SLOTS; i++) {
				__u32 identity = learned->slots[i].identity;

				if (identity && !time_is_past(learned->slots[i].deadline, now))
					policy_match(&q, identity, &best);
			}
		}
		if (j->kept_identity) {
			struct policy_match kept = {};

			policy_match(&q, j->kept_identity, &best);
			policy_match(&q, j->kept_identity, &kept);
			if (!policy_allows(&kept))
				j->kept_identity = 0;
		}
	}
	if (best.precedence) {
		j->rule = best.rule;
		if (best.identity != IDENTITY_ANY && best.identity != j->remote_identity)
			j->fqdn_identity = best.identity;
		if (best.verdict == VERDICT_DENIED)
			j->reason = DROP_REASON_POLICY_DENY;
		else if (best.flags & POLICY_L7_PENDING)
			j->reason = DROP_REASON_L7_NOT_ENFORCED;
		else if (best.flags & POLICY_REDIRECT_DNS)
			j->redirect = 1;
		audit |= best.flags & POLICY_AUDIT;
	} else if (ep->flags & (j->direction == DIRECTION_EGRESS ? ENDPOINT_EGRESS_DEFAULT_DENY : ENDPOINT_INGRESS_DEFAULT_DENY)) {
		j->reason = DROP_REASON_POLICY_DENIED;
		if (learned) {
			j->fqdn_identity = verdict_expired_name(&q, learned, now);
			if (j->fqdn_identity)
				j->reason = DROP_REASON_NAME_EXPIRED;
		}
	}
	if (j->reason && !audit) {
		j->verdict = VERDICT_DENIED;
		return 0;
	}
	j->verdict = j->reason ? VERDICT_AUDITED : VERDICT_ALLOWED;
	if (j->direction == DIRECTION_EGRESS && (ep->flags & ENDPOINT_OBSERVE_DNS) && p->destination_port == bpf_htons(DNS_PORT))
		j->redirect = 1;
	if (p->protocol != IPPROTO_UDP && p->protocol != IPPROTO_TCP)
		j->redirect = 0;
	if (j->redirect && j->verdict == VERDICT_ALLOWED)
		j->verdict = VERDICT_REDIRECTED;
	return 0;
}

#endif
