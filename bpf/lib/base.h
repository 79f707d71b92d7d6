/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What every other header builds on: the helpers, the configuration, and the one clock.
 * The configuration is written by the loader before verification; a value of the read-only section costs nothing
 * at run time, since the verifier knows it.
 */
#ifndef EGRESS_BASE_H
#define EGRESS_BASE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "../abi/abi.h"

/* Linux 6.6; Debian 12's headers are older. On a clsact filter the same number is TC_ACT_UNSPEC, "go on". */
#define NEXT_PROGRAM (-1)
#define PASS_AS_IS 0 /* TC_ACT_OK */
#define DROP 2 /* TC_ACT_SHOT */

#define SECOND 1000000000ULL

const volatile struct config config = {
	.tcp_opening_lifetime = 60 * SECOND,
	.tcp_established_lifetime = 21600 * SECOND,
	.tcp_closing_lifetime = 10 * SECOND,
	.unreplied_lifetime = 60 * SECOND,
	.replied_lifetime = 180 * SECOND,
	.icmp_lifetime = 30 * SECOND,
	.fragment_lifetime = 30 * SECOND,
	.events_per_second = 1000,
	.events_burst = 1000,
	.dns_workers = 1,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tick);
} egress_clock SEC(".maps");

/* The only clock: CLOCK_BOOTTIME, which goes on while the machine sleeps, as times to live do. What DNS opened is held to this. */
static __always_inline __u64 time_exactly(void)
{
	return bpf_ktime_get_boot_ns();
}

/* The same clock, up to a tick late (4 ms at 250 Hz): what every packet is held to. Reading the clock takes longer than finding
 * the packet's connection; looking whether the tick is still the same takes nothing. */
static __always_inline __u64 time_now(void)
{
	__u64 jiffies = bpf_jiffies64();
	__u32 key = 0;
	struct tick *tick = bpf_map_lookup_elem(&egress_clock, &key);

	if (!tick)
		return time_exactly();
	if (tick->jiffies != jiffies) {
		tick->time = time_exactly();
		tick->jiffies = jiffies;
	}
	return tick->time;
}

/* A deadline that is reached is past. */
static __always_inline int time_is_past(__u64 deadline, __u64 now)
{
	return now >= deadline;
}

static __always_inline int addr_equal(const union addr *a, const union addr *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
	       a->words[2] == b->words[2] && a->words[3] == b->words[3];
}

static __always_inline int addr_is_zero(const union addr *a)
{
	return !(a->words[0] | a->words[1] | a->words[2] | a->words[3]);
}

static __always_inline void addr_from_v4(union addr *a, __be32 v4)
{
	a->words[0] = 0;
	a->words[1] = 0;
	a->words[2] = bpf_htonl(0xffff);
	a->words[3] = v4;
}

/* fe80::/10 (RFC 4291 section 2.5.6). */
static __always_inline int addr_is_link_local6(const union addr *a)
{
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* ff00::/8 with the scope of the interface or the link (RFC 4291 section 2.7). */
static __always_inline int addr_is_link_multicast6(const union addr *a)
{
	return a->bytes[0] == 0xff && (a->bytes[1] & 0x0f) <= 2;
}

#endif
