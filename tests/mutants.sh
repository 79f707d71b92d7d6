#!/usr/bin/env bash
# Plants bugs in the eBPF programs, one at a time, and looks whether the packet tests see each: tests/mutants.sh [PATTERN]
# A bug that no test sees is printed, and fails the run. Needs root, and the tests built in Release. Leaves the sources alone.
set -uo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file | what is there | what is planted
mutants=$(cat <<'LIST'
base.h|return now >= deadline;|return now > deadline + SECOND;
base.h|if (tick->jiffies != jiffies)|if (!tick->time)
ct.h|if (ct_is_closing(ct))|if (0)
ct.h|return established \|\| (ct->flags & CT_REPLY_SEEN);|return 0;
ct.h|return direction == DIRECTION_EGRESS && !established;|return 0;
ct.h|seen \|= CT_REPLY_SEEN;|seen \|= 0;
ct.h|seen \|= CT_RESET;|seen \|= 0;
ct.h|seen \|= direction == DIRECTION_EGRESS ? CT_CLOSING_LOCAL : CT_CLOSING_REMOTE;|seen \|= CT_CLOSING_LOCAL;
ct.h|&& !(flags & CT_RESET)) {|) {
ct.h|ct->flags & CT_INITIATED_INGRESS ? DIRECTION_INGRESS : DIRECTION_EGRESS|DIRECTION_EGRESS
ct.h|if ((flags & CT_RESET) \|\||if (
ct.h|} else if ((flags & CT_REPLY_SEEN) &&|} else if (
ct.h|key->endpoint = endpoint;|key->endpoint = 0;
ct.h|return bpf_map_update_elem(&egress_ct_new, key, ct, BPF_ANY)|return bpf_map_update_elem(\&egress_ct, key, ct, BPF_ANY)
policy.h|if (!value \|\| value->precedence < best->precedence)|if (!value \|\| value->precedence > best->precedence)
policy.h|if (care < held|if (care > held
policy.h|value->rule >= best->rule|value->rule <= best->rule
policy.h|bits < 16; bits++|bits < 15; bits++
policy.h|key.port = q->port & (0xffff0000u >> bits);|key.port = q->port;
verdict.h|if (j->direction == DIRECTION_INGRESS && j->remote_identity == IDENTITY_HOST)|if (j->remote_identity == IDENTITY_HOST)
verdict.h|if (time_is_past(learned->slots[i].deadline, now))|if (now == 0)
verdict.h|j->kept_identity = 0;|;
verdict.h|(best.flags & POLICY_AUDIT)|0
verdict.h|best->flags & POLICY_L7_PENDING ?|0 ?
verdict.h|&& (p->protocol == IPPROTO_UDP \|\| p->protocol == IPPROTO_TCP)|
verdict.h|best->verdict != VERDICT_DENIED \|\| best->rule|1
verdict.h|if (segment >= q.more_segments)|if (0)
verdict.h|&& !(best->flags & POLICY_PASS)|
verdict.h|&& !(match.flags & POLICY_PASS)|
verdict.h|q->policy = ep->policy + POLICY_SEGMENTS;|;
verdict.h|>> AUDITED_SEGMENTS_SHIFT|>> SEGMENTS_SHIFT
verdict.h|j->admitted_identity = j->fqdn_identity;|j->admitted_identity = 0;
verdict.h|p->icmp_type << 8 \| p->icmp_code|p->icmp_type << 8
egress.bpf.c|if (j->admitted)|if (1)
fragment.h|p->icmp_code = found->icmp_code;|;
egress.bpf.c|if (forward && ct->revision != ep->revision) {|if (0) {
egress.bpf.c|ct_delete(key);|;
egress.bpf.c|if (!forward && j->direction == DIRECTION_EGRESS && dns_is_question(ep, p))|if (0)
egress.bpf.c|j->kept_identity ? j->kept_identity : j->admitted_identity;|j->admitted_identity;
egress.bpf.c|j->kept_identity = ct->fqdn_identity;|;
egress.bpf.c|if (ep->flags & ENDPOINT_LOCKED)|if (0)
egress.bpf.c|if (replaces)|if (0)
egress.bpf.c|if (packet_is_icmp_error(&p) && p.fragment != FRAGMENT_LATER) {|if (0) {
egress.bpf.c|(p->protocol == IPPROTO_TCP && (p->tcp_flags & TCP_RST))|0
egress.bpf.c|skb->mark = MARK_TO_PROXY;|;
dns.h|== MARK_FROM_PROXY|!= 0
dns.h|p->destination_port == bpf_htons(DNS_PORT) && p->source_port|p->source_port
fragment.h|if (!found \|\| time_is_past(found->deadline, now))|if (!found)
fragment.h|key.id = p->fragment_id;|key.id = 0;
fragment.h|key.protocol = p->fragment_protocol;|;
fragment.h|p->protocol = found->protocol;|;
fragment.h|p->icmp_type = found->icmp_type;|;
parse.h|if ((fragment & 0x1fff) == 1 && ip.protocol == IPPROTO_TCP)|if (0)
parse.h|if (ip.ihl > 5 && packet_is_source_routed(|if (0 \&\& packet_is_source_routed(
parse.h|type == IP_OPTION_LSRR \|\| type == IP_OPTION_SSRR|type == IP_OPTION_LSRR
parse.h|if (next == IPPROTO_ROUTING && head\[3\])|if (0)
parse.h|offset += (head\[1\] + 2) \* 4;|offset += (head[1] + 1) * 8;
parse.h|if (p->end > skb->len \|\| p->offset > p->end)|if (p->offset > p->end)
parse.h|if (p->end - p->offset < size)|if (p->end - p->offset < size / 8)
parse.h|if (place & 1)|if (1)
parse.h|length \|\| !skb->gso_size ? offset + length : skb->len|length ? offset + length : skb->len
endpoint.h|if (endpoint_owns(ep, &p->source))|if (1)
endpoint.h|if (endpoint_owns(ep, &p->destination))|if (1)
neighbour.h|if (p->hop_limit != 255)|if (0)
neighbour.h|identity != IDENTITY_WORLD && !(identity & IDENTITY_LOCAL)|identity != 77
neighbour.h|p->icmp_type == ND_ROUTER_ADVERTISEMENT \|\| p->icmp_type == ND_REDIRECT|0
neighbour.h|p->hop_limit == 1 \&\&|
related.h|if (!addr_equal(&p->destination, &quoted.source) \|\| !endpoint_owns(ep, &key.local))|if (0)
related.h|direction ^ 1|direction
related.h|if (packet_is_icmp(&quoted) && !packet_is_echo(&quoted))|if (0)
learned.h|.scope = scope|.scope = 9
event.h|e->fqdn_identity = j->fqdn_identity;|e->fqdn_identity = 0;
event.h|reason \* 2 + (direction & 1)|reason * 2
LIST
)

survived=0 seen=0 absent=0
while IFS= read -r line; do
    [[ -z ${1:-} || $line == *$1* ]] || continue
    line=${line//\\|/$'\x01'}
    IFS='|' read -r file there planted <<<"$line"
    there=${there//$'\x01'/|} planted=${planted//$'\x01'/|}
    rm -rf "$work/bpf" && cp -r bpf "$work/bpf"
    path=$work/bpf/$([[ $file == *.c ]] && echo "$file" || echo "lib/$file")
    python3 - "$path" "$there" "$planted" <<'PY' || { echo "not there: $file: $there"; absent=$((absent + 1)); continue; }
import sys
path, there, planted = sys.argv[1], sys.argv[2], sys.argv[3]
for escaped in ("\\&", "\\[", "\\]", "\\*"):
    there, planted = there.replace(escaped, escaped[1]), planted.replace(escaped, escaped[1])
text = open(path).read()
if there not in text:
    sys.exit(1)
open(path, "w").write(text.replace(there, planted, 1))
PY
    if ! "$work/bpf/build.sh" "$work/out" >"$work/log" 2>&1; then
        echo "does not compile: $file: $there"
        absent=$((absent + 1))
        continue
    fi
    if EGRESS_BPF_OBJECT=$work/out/egress.bpf.o timeout 120 dotnet test tests/Egress.Datapath.Tests --configuration Release --no-build --nologo -v quiet \
        --filter FullyQualifiedName~Packets >"$work/log" 2>&1; then
        echo "SURVIVED: $file: $there -> $planted"
        survived=$((survived + 1))
    else
        echo "seen by $(grep -c '\[FAIL\]' "$work/log") tests: $file: $there"
        seen=$((seen + 1))
    fi
done <<<"$mutants"
echo "$seen seen, $survived survived, $absent could not be planted"
[ $((survived + absent)) -eq 0 ]
