// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* One global of each shared type, so that BTF keeps them all for Egress.LayoutGen. */
#include "abi.h"

struct endpoint abi_endpoint;
struct ipcache_key abi_ipcache_key;
struct ipcache_value abi_ipcache_value;
struct learned_key abi_learned_key;
struct learned_value abi_learned_value;
struct policy_key abi_policy_key;
struct policy_value abi_policy_value;
struct ct_key abi_ct_key;
struct ct_value abi_ct_value;
struct fragment_key abi_fragment_key;
struct fragment_value abi_fragment_value;
struct event abi_event;
struct counter abi_counter;
struct bucket abi_bucket;
struct tick abi_tick;
struct config abi_config;
enum abi_size abi_abi_size;
enum packet_mark abi_packet_mark;
enum reserved_identity abi_reserved_identity;
enum direction abi_direction;
enum verdict abi_verdict;
enum drop_reason abi_drop_reason;
enum event_type abi_event_type;
enum endpoint_flag abi_endpoint_flag;
enum policy_flag abi_policy_flag;
enum ct_flag abi_ct_flag;
enum lost_kind abi_lost_kind;
