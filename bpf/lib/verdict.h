/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * May this packet pass? It is judged as anyone, as the network identity of the other side, and (egress) as each live name
 * learned for its address; the highest precedence of a segment wins. Where that passes, or there is none, the next segment is
 * looked at, and behind the last one the endpoint's default for the direction decides.
 */
#ifndef EGRESS_VERDICT_H
#define EGRESS_VERDICT_H

#include "dns.h"
#include "endpoint.h"
#include "event.h"
#include "ipcache.h"
#include "learned.h"
#include "policy.h"

#define VERDICT_PEERS (2 + LEARNED_SLOTS + 1)

/* Whom a packet may be judged as. */
struct verdict_peers {
	__u32 live[VERDICT_PEERS]; /* anyone (0), the network identity, live names, the name that let the connection in; or 0: none */
	__u32 expired[LEARNED_SLOTS]; /* names whose time is over; or 0 */
};

static __always_inline __u16 verdict_port(const struct packet *p)
{
	if (packet_is_icmp(p))
		return p->icmp_type << 8 | p->icmp_code;
	return bpf_ntohs(p->destination_port);
}

static __always_inline void verdict_find_peers(struct verdict_peers *peers, const struct endpoint *ep, const union addr *remote,
					       const struct judgement *j)
{
	const struct learned_value *learned;
	__u64 now;

	peers->live[1] = j->remote_identity;
	if (j->direction != DIRECTION_EGRESS)
		return;
	peers->live[VERDICT_PEERS - 1] = j->kept_identity;
	learned = learned_lookup(ep->scope, remote);
	if (!learned)
		return;
	now = time_exactly();
	for (int i = 0; i < LEARNED_SLOTS; i++) {
		if (time_is_past(learned->slots[i].deadline, now))
			peers->expired[i] = learned->slots[i].identity;
		else
			peers->live[2 + i] = learned->slots[i].identity;
	}
}

/* What one table of rules says: 0, or why it drops. The winner, if any, is left in `best`. Its pointers may be null to the verifier. */
__noinline int verdict_decide(const struct policy_query *query, const struct verdict_peers *peers, struct policy_match *best)
{
	struct policy_query q;

	if (!query || !peers || !best)
		return DROP_REASON_POLICY_DENIED;
	q = *query;
	for (int segment = 0; segment < POLICY_SEGMENTS; segment++) {
		__builtin_memset(best, 0, sizeof(*best));
		for (int i = 0; i < VERDICT_PEERS; i++) {
			if (i == 0 || peers->live[i])
				policy_match(&q, peers->live[i], best);
		}
		if (best->precedence && !(best->flags & POLICY_PASS))
			break;
		__builtin_memset(best, 0, sizeof(*best));
		if (segment >= q.more_segments)
			break;
		q.policy++;
	}
	if (best->precedence && (best->verdict != VERDICT_DENIED || best->rule)) {
		if (best->verdict == VERDICT_DENIED)
			return DROP_REASON_POLICY_DENY;
		return best->flags & POLICY_L7_PENDING ? DROP_REASON_L7_NOT_ENFORCED : 0;
	}
	if (!best->precedence && !q.default_deny)
		return 0;
	/* On the way to a drop: would a name have allowed it whose time is over? */
	best->identity = IDENTITY_ANY;
	for (int i = 0; i < LEARNED_SLOTS; i++) {
		struct policy_match match = {};

		if (!peers->expired[i])
			continue;
		policy_match(&q, peers->expired[i], &match);
		if (policy_allows(&match)) {
			best->identity = peers->expired[i];
			return DROP_REASON_NAME_EXPIRED;
		}
	}
	return DROP_REASON_POLICY_DENIED;
}

/* Whether the rule still stands that let a connection in for its name. */
static __always_inline int verdict_name_stands(const struct policy_query *query, __u32 identity)
{
	struct policy_query q = *query;

	for (int segment = 0; segment < POLICY_SEGMENTS; segment++) {
		struct policy_match match = {};

		policy_match(&q, identity, &match);
		if (match.precedence && !(match.flags & POLICY_PASS))
			return policy_allows(&match);
		if (segment >= q.more_segments)
			break;
		q.policy++;
	}
	return 0;
}

/* Reports what a table said. */
static __always_inline void verdict_tell(struct judgement *j, const struct policy_match *best, int reason)
{
	j->reason = reason;
	j->rule = best->rule;
	j->fqdn_identity = best->identity != IDENTITY_ANY && best->identity != j->remote_identity ? best->identity : 0;
}

/* What would be if the rules that only audit were enforced. */
static __always_inline void verdict_audit(struct policy_query *q, const struct endpoint *ep, const struct verdict_peers *peers, struct judgement *j)
{
	struct policy_match would = {};
	int reason;

	q->policy = ep->policy + POLICY_SEGMENTS;
	q->more_segments = ep->flags >> AUDITED_SEGMENTS_SHIFT & (POLICY_SEGMENTS - 1);
	q->default_deny = ep->flags & (j->direction == DIRECTION_EGRESS ? ENDPOINT_AUDITED_EGRESS_DEFAULT_DENY :
									 ENDPOINT_AUDITED_INGRESS_DEFAULT_DENY);
	reason = verdict_decide(q, peers, &would);
	if (reason) {
		verdict_tell(j, &would, reason);
		j->verdict = VERDICT_AUDITED;
	}
}

__noinline int verdict_judge(const struct packet *p, const struct endpoint *ep, struct judgement *j)
{
	struct policy_query q = {};
	struct verdict_peers peers = {};
	struct policy_match best = {};
	const union addr *remote;
	int reason;

	if (!p || !ep || !j)
		return 0;
	remote = j->direction == DIRECTION_EGRESS ? &p->destination : &p->source;
	q.policy = ep->policy;
	q.levels = ep->levels[j->direction & 1];
	q.port = verdict_port(p);
	q.protocol = p->protocol;
	q.direction = j->direction;
	q.more_segments = ep->flags >> SEGMENTS_SHIFT & (POLICY_SEGMENTS - 1);
	q.default_deny = ep->flags & (j->direction == DIRECTION_EGRESS ? ENDPOINT_EGRESS_DEFAULT_DENY : ENDPOINT_INGRESS_DEFAULT_DENY);
	j->remote_identity = ipcache_identity(remote);
	j->verdict = VERDICT_ALLOWED;
	j->redirect = 0;
	j->admitted = 0;
	j->admitted_identity = 0;
	/* The node reaches its own workloads: probes, and what the kubelet does. */
	if (j->direction == DIRECTION_INGRESS && j->remote_identity == IDENTITY_HOST) {
		verdict_tell(j, &best, 0);
		return 0;
	}
	verdict_find_peers(&peers, ep, remote, j);
	reason = verdict_decide(&q, &peers, &best);
	verdict_tell(j, &best, reason);
	if (j->kept_identity && !verdict_name_stands(&q, j->kept_identity))
		j->kept_identity = 0;
	if (reason && !((ep->flags & ENDPOINT_AUDIT) || (best.flags & POLICY_AUDIT))) {
		j->verdict = VERDICT_DENIED;
		return 0;
	}
	if (reason) {
		j->verdict = VERDICT_AUDITED;
	} else {
		j->admitted = 1;
		j->admitted_identity = j->fqdn_identity;
	}
	if (j->direction == DIRECTION_EGRESS && (p->protocol == IPPROTO_UDP || p->protocol == IPPROTO_TCP))
		j->redirect = (!reason && (best.flags & POLICY_REDIRECT_DNS)) ||
			      ((ep->flags & ENDPOINT_OBSERVE_DNS) && p->destination_port == bpf_htons(DNS_PORT));
	if (!reason && (ep->flags & ENDPOINT_AUDITED_RULES))
		verdict_audit(&q, ep, &peers, j);
	if (j->redirect && j->verdict == VERDICT_ALLOWED)
		j->verdict = VERDICT_REDIRECTED;
	return 0;
}

#endif
