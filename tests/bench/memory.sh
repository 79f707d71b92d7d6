#!/usr/bin/env bash
# The agent's resident memory with endpoints under a policy that have all asked for names: tests/bench/memory.sh [ENDPOINTS [NAMES]], as root.
# The target is 100 MiB with 100 endpoints.
set -euo pipefail
cd "$(dirname "$0")/../.."
endpoints=${1:-100} names=${2:-50}
egress=${EGRESS:-$PWD/out/egress}
[ -x "$egress" ] || { echo "memory: $egress is not there; ./build.sh makes it" >&2; exit 1; }
scripts/install.sh iproute2 knot dnsperf util-linux

p=egb-mem-$$
work=$(mktemp -d)
pids=()
cleanup() {
    trap - EXIT
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    for i in $(seq "$endpoints"); do ip netns delete "$p-$i" 2>/dev/null || true; done
    ip netns delete "$p-node" 2>/dev/null || true
    umount "$work/bpf" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# --- a node with a name server of its own, and the pods ---
ip netns add "$p-node"
node=/run/netns/$p-node
nsenter --net="$node" ip link set lo up
nsenter --net="$node" ip address add 192.0.2.53/32 dev lo
for i in $(seq "$endpoints"); do
    ip netns add "$p-$i"
    ip link add "lxc$i" netns "$p-node" type veth peer name eth0 netns "$p-$i"
    printf '%s\n' "address add 10.50.$i.1/32 dev lxc$i" "link set lxc$i up" "route add 10.50.$i.2/32 dev lxc$i" | nsenter --net="$node" ip -batch -
    printf '%s\n' "link set lo up" "address add 10.50.$i.2/32 dev eth0" "link set eth0 up" "route add 10.50.$i.1/32 dev eth0" "route add default via 10.50.$i.1" |
        nsenter --net="/run/netns/$p-$i" ip -batch -
done

mkdir "$work/knot" "$work/policies" "$work/state" "$work/bpf"
{
    echo 'bench.test. 60 SOA ns.bench.test. x.bench.test. 1 60 60 60 60'
    echo 'bench.test. 60 NS ns.bench.test.'
    for i in $(seq "$names"); do printf "host-$i.bench.test. 300 A 10.99.%d.%d\n" $((i / 256)) $((i % 256)); done
} >"$work/bench.test.zone"
for i in $(seq "$names"); do echo "host-$i.bench.test A"; done >"$work/questions"
cat >"$work/knot.conf" <<CONF
server:
    listen: 192.0.2.53@53
    rundir: $work/knot
    udp-workers: 1
database:
    storage: $work/knot
zone:
  - domain: bench.test
    storage: $work
    file: bench.test.zone
CONF
for i in $(seq 10); do
    cat >"$work/policies/app-$i.yaml" <<CONF
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: app-$i, namespace: bench}
spec:
  endpointSelector: {matchLabels: {app: app-$i}}
  egress:
  - toCIDR: [192.0.2.53/32]
    toPorts:
    - ports: [{port: "53", protocol: ANY}]
      rules: {dns: [{matchPattern: "*"}]}
  - toFQDNs: [{matchPattern: "*.bench.test"}, {matchPattern: "*.service-$i.example.com"}]
    toPorts: [{ports: [{port: "443", protocol: TCP}]}]
CONF
done
printf '%s\n' "policyDirectory: $work/policies" "stateDirectory: $work/state" "socket: $work/egress.sock" "bpffs: $work/bpf" "flows: {socket: $work/flows.sock}" >"$work/agent.yaml"

# Not by a function: one in the background is a shell of its own, and what is measured would be that.
nsenter --net="$node" knotd -c "$work/knot.conf" >"$work/knot.log" 2>&1 & pids+=($!)
nsenter --net="$node" "$egress" agent --standalone --config "$work/agent.yaml" >"$work/agent.log" 2>&1 & agent=$!; pids+=($agent)
for _ in $(seq 100); do "$egress" --socket "$work/egress.sock" status >/dev/null 2>&1 && break; sleep 0.1; done

memory() { # WHAT: resident, what of it is shared with no one, the most there was
    printf '%-34s %9s %9s %9s\n' "$1" "$(kib VmRSS status)" "$(kib Pss smaps_rollup)" "$(kib VmHWM status)"
}
kib() { awk -v key="$1:" '$1 == key { printf "%.1f", $2 / 1024 }' "/proc/$agent/$2"; }
printf '%-34s %9s %9s %9s\n' "MiB" resident pss highest
memory "started"
for i in $(seq "$endpoints"); do
    "$egress" --socket "$work/egress.sock" endpoint add --name "bench/pod-$i" --labels "app=app-$((i % 10 + 1))" --netns "/run/netns/$p-$i" >/dev/null ||
        { cat "$work/agent.log" >&2; exit 1; }
done
memory "$endpoints endpoints"
for i in $(seq "$endpoints"); do
    nsenter --net="/run/netns/$p-$i" dnsperf -s 192.0.2.53 -d "$work/questions" -n 20 -q 20 -c 1 -T 1 >"$work/dnsperf" 2>&1
    grep -q 'NOERROR [1-9]' "$work/dnsperf" || { cat "$work/dnsperf" "$work/agent.log" >&2; exit 1; }
done
memory "and $((endpoints * names * 20)) questions"
sleep 3
memory "three seconds later"
"$egress" --socket "$work/egress.sock" status | grep -E '^(Endpoints|Names|Events|DNS)'
