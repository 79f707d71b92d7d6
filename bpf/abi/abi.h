/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Everything that crosses between the eBPF programs and user space, defined once.
 * Egress.LayoutGen reads the BTF of abi.o and writes Abi.g.cs and Enums.g.cs; AbiTests holds the shipped
 * object to them. Rules of the file: fixed-width types, explicit padding, natural alignment, no bit-fields,
 * byte order told by the type (__be16/__be32 are network order), times are deadlines in boot-clock nanoseconds.
 */
#ifndef EGRESS_ABI_H
#define EGRESS_ABI_H

#include <linux/types.h>

#define ABI_ASSERT(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")

/* Numbers that both sides count with; an enum, because BTF has no #define. egress_socks, where intercepted DNS goes, has the index
 * family (0: v4, 1: v6) * 2 * SOCKS_PER_KIND + protocol (0: UDP, 1: TCP) * SOCKS_PER_KIND + worker. */
enum abi_size {
	ENDPOINT_ADDRESSES = 4,
	LEARNED_SLOTS = 4,
	SOCKS_PER_KIND = 16,
	BUCKET_KEYS = 256,
	COUNTER_KEYS = 512,
	HINT_KEYS = 256,
	POLICY_SEGMENTS = 16, /* policy numbers of one table of rules: where an entry of one passes, the next is looked at */
	SEGMENTS_SHIFT = 8, /* in an endpoint's flags, 4 bits: how many segments come after the first */
	AUDITED_SEGMENTS_SHIFT = 12, /* the same, of the audited table */
};

/* The packet mark (upper half) that steers intercepted DNS into the local stack, and the one that the
 * proxy's own answers carry. The mask of the routing rule matches the first alone. */
enum packet_mark {
	MARK_TO_PROXY = 0x0d500000,
	MARK_FROM_PROXY = 0x0d510000,
	MARK_MASK = 0xffff0000,
};

/* The numbers of the peers that have no labels of their own; users know them from Cilium. */
enum reserved_identity {
	IDENTITY_ANY = 0, /* in a policy key: whoever the peer is */
	IDENTITY_HOST = 1,
	IDENTITY_WORLD = 2,
	IDENTITY_UNMANAGED = 3,
	IDENTITY_HEALTH = 4,
	IDENTITY_INIT = 5,
	IDENTITY_REMOTE_NODE = 6,
	IDENTITY_KUBE_APISERVER = 7,
	IDENTITY_INGRESS = 8,
	IDENTITY_LOCAL = 0x01000000, /* this bit: not labels but a prefix or a name, numbered by this node */
};

/* As the workload sees it: egress leaves the workload, ingress reaches it. */
enum direction {
	DIRECTION_EGRESS = 0,
	DIRECTION_INGRESS = 1,
};

enum verdict {
	VERDICT_NONE = 0,
	VERDICT_ALLOWED = 1,
	VERDICT_DENIED = 2,
	VERDICT_REDIRECTED = 3, /* allowed, by way of a proxy */
	VERDICT_AUDITED = 4, /* would be denied; passed because of audit mode */
};

/* Why a packet was dropped. The numbers are those that users' tools know for the same reason (130..255);
 * reasons that only this system has start at 224. */
enum drop_reason {
	DROP_REASON_NONE = 0,
	DROP_REASON_INVALID_SOURCE_IP = 132,
	DROP_REASON_POLICY_DENIED = 133, /* no rule allows it */
	DROP_REASON_INVALID_PACKET = 134,
	DROP_REASON_CT_TRUNCATED_OR_INVALID_HEADER = 135,
	DROP_REASON_UNSUPPORTED_L3_PROTOCOL = 139,
	DROP_REASON_UNKNOWN_L4_PROTOCOL = 142,
	DROP_REASON_CT_MAP_INSERTION_FAILED = 155,
	DROP_REASON_INVALID_IPV6_EXTENSION_HEADER = 156,
	DROP_REASON_NO_CONFIGURATION = 165, /* the endpoint is not known to the datapath */
	DROP_REASON_UNSUPPORTED_L2_PROTOCOL = 166,
	DROP_REASON_FRAGMENT_NOT_FOUND = 175, /* a later fragment whose first was not seen */
	DROP_REASON_FORBIDDEN_ICMPV6 = 176,
	DROP_REASON_SOCKET_LOOKUP_FAILED = 178, /* the DNS proxy is not there */
	DROP_REASON_SOCKET_ASSIGN_FAILED = 179,
	DROP_REASON_POLICY_DENY = 181, /* a deny rule says so */
	DROP_REASON_ENDPOINT_NOT_READY = 203,
	DROP_REASON_DNS_REPLY_NOT_FROM_PROXY = 224,
	DROP_REASON_L7_NOT_ENFORCED = 225, /* a rule would let it through an L7 proxy that is not there */
	DROP_REASON_NAME_EXPIRED = 226, /* no rule allows it; a name that would have has run out */
};

enum event_type {
	EVENT_DROP = 1,
	EVENT_VERDICT = 5, /* once per connection, and when a standing one is judged anew with another result */
};

/* An address; IPv4 is held as an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2). */
union addr {
	__u8 bytes[16];
	__be32 words[4];
};
ABI_ASSERT(union addr, 16);

enum endpoint_flag {
	ENDPOINT_EGRESS_DEFAULT_DENY = 1,
	ENDPOINT_INGRESS_DEFAULT_DENY = 2,
	ENDPOINT_AUDIT = 4, /* what policy would drop passes, and is reported as audited */
	ENDPOINT_OBSERVE_DNS = 8, /* allowed egress to port 53 goes through the DNS proxy */
	ENDPOINT_LOCKED = 16, /* attached, not yet configured: everything but ARP and ND is dropped */
	/* Beside the policy there is a table, POLICY_SEGMENTS numbers further on, of what would be if rules that only audit were
	 * enforced; what it would drop passes, and is reported as audited. */
	ENDPOINT_AUDITED_RULES = 32,
	ENDPOINT_AUDITED_EGRESS_DEFAULT_DENY = 64, /* as the first two, of the audited table */
	ENDPOINT_AUDITED_INGRESS_DEFAULT_DENY = 128,
};

/* egress_endpoint: u32 interface index -> endpoint. Written by the agent, whole, so that policy, revision
 * and flags change in one step. */
struct endpoint {
	__u32 id;
	__u32 identity;
	__u32 scope; /* whose lookups open addresses for it */
	__u32 policy; /* which policy in egress_policy: the number of its first segment */
	__u32 revision; /* of that policy; connections judged under another one are judged again */
	__u32 flags; /* enum endpoint_flag, and how many segments there are */
	/* Which (protocol, port prefix length) levels the policy has entries at, so that no other is looked up:
	 * bit n (0..16): a protocol with a port prefix of n bits; bit 17: any protocol. */
	__u32 levels[2]; /* by enum direction */
	union addr addresses[ENDPOINT_ADDRESSES]; /* its own; unused ones are all zero */
};
ABI_ASSERT(struct endpoint, 96);

/* egress_ipcache: longest prefix -> identity. Addresses of no prefix are IDENTITY_WORLD. */
struct ipcache_key {
	__u32 prefix_length; /* 0..128, counted in the mapped form */
	union addr address;
};
ABI_ASSERT(struct ipcache_key, 20);

struct ipcache_value {
	__u32 identity;
};
ABI_ASSERT(struct ipcache_value, 4);

/* egress_learned: what a DNS answer opened, for whom, until when. */
struct learned_key {
	__u32 scope;
	union addr address;
};
ABI_ASSERT(struct learned_key, 20);

struct learned_slot {
	__u64 deadline; /* at and after which the slot no longer counts */
	__u32 identity; /* FQDN identity; 0 = free */
	__u32 pad;
};

struct learned_value {
	struct learned_slot slots[LEARNED_SLOTS];
};
ABI_ASSERT(struct learned_value, 64);

/* egress_policy: every entry that matches a packet is found; the highest precedence wins. Where the winner passes (POLICY_PASS), or
 * there is none, the next segment decides, and behind the last one the endpoint's default. */
struct policy_key {
	__u32 policy;
	__u32 identity; /* IDENTITY_ANY: any peer */
	__u16 port; /* host order, bits beyond port_bits are zero; ICMP: type << 8 | code */
	__u8 protocol; /* 0: any protocol, and then port_bits is 0 */
	__u8 direction_and_bits; /* direction << 7 | port_bits (0..16) */
};
ABI_ASSERT(struct policy_key, 12);

enum policy_flag {
	POLICY_REDIRECT_DNS = 1,
	POLICY_L7_PENDING = 2, /* needs an L7 proxy that this build has not: denied, with that reason */
	POLICY_AUDIT = 4, /* a denial by this entry is audited, not enforced */
	POLICY_PASS = 8, /* the next segment decides; the verdict is VERDICT_NONE */
};

struct policy_value {
	__u32 precedence; /* higher wins; never 0 */
	__u32 rule; /* names the rule origin in user space; 0 denies as the default would: the end of a tier */
	__u8 verdict; /* VERDICT_ALLOWED or VERDICT_DENIED */
	__u8 flags; /* enum policy_flag */
	__u16 pad;
};
ABI_ASSERT(struct policy_value, 12);

/* egress_ct and egress_ct_new: connections as the workload sees them, so that both directions of packets
 * find the same entry with one lookup. */
struct ct_key {
	union addr local; /* the workload's address */
	union addr remote;
	__u32 endpoint;
	__be16 local_port; /* ICMP echo: the identifier in both ports */
	__be16 remote_port;
	__u8 protocol;
	__u8 pad[3];
};
ABI_ASSERT(struct ct_key, 44);

enum ct_flag {
	CT_INITIATED_INGRESS = 1, /* opened towards the workload; else by it */
	CT_REPLY_SEEN = 2,
	CT_CONFIRMED = 4, /* the opener spoke again after the reply */
	CT_CLOSING_LOCAL = 8, /* FIN seen from the workload */
	CT_CLOSING_REMOTE = 16,
	CT_RESET = 32,
	CT_REDIRECT_DNS = 64,
	CT_AUDITED = 128,
};

struct ct_value {
	__u64 deadline;
	__u32 revision; /* of the policy that it was last judged under */
	__u32 rule;
	__u32 fqdn_identity; /* the name that let it in, which it keeps when the name's time is over; or 0 */
	__u32 flags; /* enum ct_flag */
};
ABI_ASSERT(struct ct_value, 24);

/* egress_fragment: what the later fragments of a datagram lack, from the first one. */
struct fragment_key {
	union addr source;
	union addr destination;
	__u32 endpoint;
	__u32 id;
	__u8 protocol; /* as the fragments name it; over IPv6 it may be that of an extension header */
	__u8 direction;
	__u16 pad;
};
ABI_ASSERT(struct fragment_key, 44);

struct fragment_value {
	__u64 deadline;
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 pad;
};
ABI_ASSERT(struct fragment_value, 16);

/* egress_events: one record per reported decision. */
struct event {
	__u64 time; /* boot clock, ns */
	union addr source;
	union addr destination;
	__u32 endpoint;
	__u32 local_identity;
	__u32 remote_identity; /* network identity of the peer */
	__u32 fqdn_identity; /* that decided, or whose expiry did; or 0 */
	__u32 rule; /* that decided; 0 = no rule matched */
	__u32 revision;
	__u32 length; /* bytes of the packet, from the network header on */
	__be16 source_port; /* ICMP: the type, likewise in network order */
	__be16 destination_port; /* ICMP: the code */
	__u8 type; /* enum event_type */
	__u8 direction; /* enum direction: of the policy that decided */
	__u8 verdict; /* enum verdict */
	__u8 reason; /* enum drop_reason */
	__u8 protocol;
	__u8 tcp_flags;
	__u8 is_reply;
	__u8 family; /* 4 or 6; 0 where not IP */
};
ABI_ASSERT(struct event, 80);

/* egress_counters: per CPU; key = reason * 2 + direction (reason 0: forwarded). */
struct counter {
	__u64 packets;
	__u64 bytes;
};
ABI_ASSERT(struct counter, 16);

/* egress_lost: per CPU, index by enum lost_kind. Nothing is lost without being counted. */
enum lost_kind {
	LOST_RATE_LIMITED = 0,
	LOST_RING_FULL = 1,
	LOST_KINDS = 2,
};

/* egress_bucket: per CPU token bucket of events, key = reason. */
struct bucket {
	__u64 refilled; /* when, boot clock ns */
	__u64 tokens;
};
ABI_ASSERT(struct bucket, 16);

/* egress_clock: per CPU, one entry: the boot clock as it was when the tick began. */
struct tick {
	__u64 jiffies;
	__u64 time;
};
ABI_ASSERT(struct tick, 16);

/* Read-only configuration of the programs, set by the loader before they are verified. Lifetimes in ns. */
struct config {
	__u64 tcp_opening_lifetime; /* from the first packet; a retransmission does not lengthen it */
	__u64 tcp_established_lifetime;
	__u64 tcp_closing_lifetime;
	__u64 unreplied_lifetime; /* UDP and others, until the other side has spoken */
	__u64 replied_lifetime;
	__u64 icmp_lifetime;
	__u64 fragment_lifetime;
	__u32 events_per_second; /* for each reason and CPU */
	__u32 events_burst;
	__u32 dns_workers; /* listening sockets for each family and protocol; 0 = no proxy */
	__u32 pad;
};
ABI_ASSERT(struct config, 72);

#endif
