#!/usr/bin/env bash
# Resident memory of the agent with many endpoints, as root: tests/bench/memory.sh [ENDPOINTS]. In network namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
count=${1:-100}
egress=${EGRESS:-$PWD/out/egress}
[ -x "$egress" ] || { echo "memory: $egress is not there; ./build.sh makes it" >&2; exit 1; }
p=egb-mem-$$
work=$(mktemp -d)
agent=
cleanup() {
    [ -z "$agent" ] || { kill "$agent" 2>/dev/null || true; wait "$agent" 2>/dev/null || true; }
    for space in node pods; do ip netns delete "$p-$space" 2>/dev/null || true; done
    umount "$work/bpf" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
for space in node pods; do ip netns add "$p-$space"; nsenter --net="/run/netns/$p-$space" ip link set lo up; done
mkdir "$work/policies" "$work/state" "$work/bpf"
cat >"$work/agent.yaml" <<CONF
policyDirectory: $work/policies
stateDirectory: $work/state
socket: $work/egress.sock
bpffs: $work/bpf
CONF
cp examples/demo/*.yaml "$work/policies/"
for i in $(seq "$count"); do
    echo "link add lxc$i type veth peer name eth$i netns $p-pods"
    echo "link set lxc$i up"
    echo "route add 10.93.$((i / 256)).$((i % 256))/32 dev lxc$i"
done | nsenter --net="/run/netns/$p-node" ip -batch -
nsenter --net="/run/netns/$p-node" "$egress" agent --standalone --config "$work/agent.yaml" 2>"$work/log" & agent=$!
resident() { awk '/^VmRSS/ {rss=$2} /^RssAnon/ {anon=$2} END {printf "%.0f MiB resident, %.0f MiB of it anonymous", rss/1024, anon/1024}' "/proc/$agent/status"; }
for _ in $(seq 100); do "$egress" --socket "$work/egress.sock" status >/dev/null 2>&1 && break; sleep 0.1; done
sleep 2
echo "no endpoints: $(resident)"
for i in $(seq "$count"); do
    "$egress" --socket "$work/egress.sock" endpoint add --name "default/pod-$i" --labels "org=empire,class=mediabot,n=$i" --interface "lxc$i" >/dev/null
done
sleep 5
echo "$count endpoints: $(resident) (target for 100: 100 MiB)"
