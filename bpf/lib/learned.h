/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What DNS answers opened: (scope, address) -> up to four (FQDN identity, deadline). Written by the agent before the answer
 * is released. A slot counts until its deadline and not a moment longer; nothing needs to remove it for that.
 */
#ifndef EGRESS_LEARNED_H
#define EGRESS_LEARNED_H

#include "base.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1048576);
	/* When full, an insert fails and the answer is not released; an LRU would evict what is open. */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct learned_key);
	__type(value, struct learned_value);
} egress_learned SEC(".maps");

static __always_inline struct learned_value *learned_lookup(__u32 scope, const union addr *a)
{
	struct learned_key key = { .scope = scope, .address = *a };

	return bpf_map_lookup_elem(&egress_learned, &key);
}

#endif
