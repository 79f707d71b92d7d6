/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who the other side is, by its address: the longest prefix, else the world. Written by the agent. Learned addresses are
 * kept apart (learned.h), so that a name's /32 hides no network, and no deny.
 */
#ifndef EGRESS_IPCACHE_H
#define EGRESS_IPCACHE_H

#include "base.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 524288);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ipcache_key);
	__type(value, struct ipcache_value);
} egress_ipcache SEC(".maps");

static __always_inline __u32 ipcache_identity(const union addr *a)
{
	struct ipcache_key key = { .prefix_length = 128, .address = *a };
	struct ipcache_value *value = bpf_map_lookup_elem(&egress_ipcache, &key);

	return value ? value->identity : IDENTITY_WORLD;
}

#endif
