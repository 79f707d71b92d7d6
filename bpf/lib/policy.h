/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the policy says of one identity. All entries that match are found, at each (protocol, port prefix) level that the
 * policy has, and the highest precedence wins: the compiler put every other rule of order into that number.
 * Written by the agent, under a policy number that no endpoint uses yet, or for identities that no packet has yet.
 * A hash with one lookup a level, since most policies have two levels (a port, any protocol) and a trie costs more.
 */
#ifndef EGRESS_POLICY_H
#define EGRESS_POLICY_H

#include "base.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct policy_key);
	__type(value, struct policy_value);
} egress_policy SEC(".maps");

#define LEVEL_EXACT_PORT 16
#define LEVEL_ANY_PROTOCOL 17

struct policy_query {
	__u32 policy;
	__u32 levels;
	__u16 port; /* host order */
	__u8 protocol;
	__u8 direction;
	__u32 more_segments; /* after the first, whose number is in policy */
	__u32 default_deny;
};

/* The winning entry so far; precedence 0 = none. */
struct policy_match {
	__u32 precedence;
	__u32 rule;
	__u32 identity; /* that the entry was found for */
	__u8 verdict;
	__u8 flags;
	__u16 pad;
};

static __always_inline int policy_allows(const struct policy_match *match)
{
	return match->precedence && match->verdict == VERDICT_ALLOWED && !(match->flags & POLICY_L7_PENDING);
}

/* Entries of one precedence: the more careful one. */
static __always_inline int policy_care(__u8 verdict, __u8 flags)
{
	if (verdict == VERDICT_DENIED || (flags & POLICY_L7_PENDING))
		return 2;
	return flags & POLICY_REDIRECT_DNS ? 1 : 0;
}

static __always_inline void policy_probe(struct policy_key *key, struct policy_match *best)
{
	const struct policy_value *value = bpf_map_lookup_elem(&egress_policy, key);
	int care, held;

	if (!value || value->precedence < best->precedence)
		return;
	if (value->precedence == best->precedence) {
		care = policy_care(value->verdict, value->flags);
		held = policy_care(best->verdict, best->flags);
		if (care < held || (care == held && value->rule >= best->rule))
			return;
	}
	best->precedence = value->precedence;
	best->rule = value->rule;
	best->identity = key->identity;
	best->verdict = value->verdict;
	best->flags = value->flags;
}

/* A global function: the verifier looks at it once, and not at each of its calls. Its pointers may be null to the verifier. */
__noinline int policy_match(const struct policy_query *q, __u32 identity, struct policy_match *best)
{
	struct policy_key key = { .identity = identity };
	__u8 direction;
	__u32 levels;

	if (!q || !best)
		return 0;
	key.policy = q->policy;
	levels = q->levels;
	direction = q->direction << 7;
	if (levels & (1u << LEVEL_EXACT_PORT)) {
		key.port = q->port;
		key.protocol = q->protocol;
		key.direction_and_bits = direction | LEVEL_EXACT_PORT;
		policy_probe(&key, best);
	}
	if (levels & (1u << LEVEL_ANY_PROTOCOL)) {
		key.port = 0;
		key.protocol = 0;
		key.direction_and_bits = direction;
		policy_probe(&key, best);
	}
	if (!(levels & 0xffff))
		return 0;
	key.protocol = q->protocol;
	for (int bits = 0; bits < 16; bits++) {
		if (!(levels & (1u << bits)))
			continue;
		key.port = q->port & (0xffff0000u >> bits);
		key.direction_and_bits = direction | bits;
		policy_probe(&key, best);
	}
	return 0;
}

#endif
