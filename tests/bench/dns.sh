#!/usr/bin/env bash
# DNS through the proxy beside unbound and dnsdist as plain forwarders to the same server, in turns, as root:
# tests/bench/dns.sh [SECONDS [ROUNDS]]. Everything lives in network namespaces of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-5} rounds=${2:-3} rate=2000
egress=${EGRESS:-$PWD/out/egress}
[ -x "$egress" ] || { echo "dns: $egress is not there; ./build.sh makes it" >&2; exit 1; }
scripts/install.sh iproute2 knot unbound dnsdist dnsperf procps util-linux

p=egb-dns-$$
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    for space in pod node net; do ip netns delete "$p-$space" 2>/dev/null || true; done
    umount "$work/bpf" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
inside() { local space=$1; shift; nsenter --net="/run/netns/$p-$space" "$@"; }

# --- the pod, the node that forwards, and the server beyond ---
for space in pod node net; do ip netns add "$p-$space"; inside "$space" ip link set lo up; done
ip link add lxc0 netns "$p-node" type veth peer name eth0 netns "$p-pod"
ip link add up0 netns "$p-node" type veth peer name eth0 netns "$p-net"
inside node ip address add 10.91.0.1/24 dev lxc0; inside node ip link set lxc0 up
inside pod ip address add 10.91.0.2/24 dev eth0; inside pod ip link set eth0 up; inside pod ip route add default via 10.91.0.1
inside node ip address add 10.92.0.1/24 dev up0; inside node ip link set up0 up
inside net ip address add 10.92.0.2/24 dev eth0; inside net ip link set eth0 up; inside net ip route add default via 10.92.0.1
inside node sysctl -q -w net.ipv4.ip_forward=1

{
    echo 'bench.test. 60 SOA ns.bench.test. x.bench.test. 1 60 60 60 60'
    echo 'bench.test. 60 NS ns.bench.test.'
    for i in $(seq 0 9999); do echo "host-$i.bench.test. 60 A 10.99.$((i / 256)).$((i % 256))"; done
} >"$work/bench.test.zone"
for i in $(seq 0 9999); do echo "host-$i.bench.test A"; done >"$work/questions"
mkdir "$work/knot" "$work/policies" "$work/state" "$work/bpf"
cat >"$work/knot.conf" <<CONF
server:
    listen: 10.92.0.2@53
    rundir: $work/knot
    udp-workers: 1
database:
    storage: $work/knot
zone:
  - domain: bench.test
    storage: $work
    file: bench.test.zone
CONF
cat >"$work/unbound.conf" <<CONF
server:
  interface: 10.91.0.1@5301
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "$work"
  pidfile: "$work/unbound.pid"
  use-syslog: no
  logfile: "$work/unbound.log"
  do-daemonize: no
  num-threads: 1
  module-config: "iterator"
  msg-cache-size: 0
  rrset-cache-size: 0
  cache-max-ttl: 0
  outgoing-range: 4096
  num-queries-per-thread: 4096
  local-zone: "test." nodefault
forward-zone:
  name: "."
  forward-no-cache: yes
  forward-addr: 10.92.0.2
CONF
cat >"$work/dnsdist.conf" <<CONF
setLocal("10.91.0.1:5302")
setACL("0.0.0.0/0")
newServer({address="10.92.0.2:53", sockets=4})
setMaxUDPOutstanding(10240)
CONF
cat >"$work/agent.yaml" <<CONF
policyDirectory: $work/policies
stateDirectory: $work/state
socket: $work/egress.sock
bpffs: $work/bpf
dns.workers: 1
fqdn.maxNamesPerEndpoint: 100000
CONF

# Not by inside: a function in the background is a shell of its own, and what is measured would be that.
nsenter --net="/run/netns/$p-net" knotd -c "$work/knot.conf" >"$work/knot.log" 2>&1 & pids+=($!)
nsenter --net="/run/netns/$p-node" unbound -d -c "$work/unbound.conf" >"$work/unbound.out" 2>&1 & unbound=$!; pids+=($unbound)
nsenter --net="/run/netns/$p-node" dnsdist --supervised --disable-syslog -C "$work/dnsdist.conf" >"$work/dnsdist.log" 2>&1 & dnsdist=$!; pids+=($dnsdist)
nsenter --net="/run/netns/$p-node" "$egress" agent --standalone --config "$work/agent.yaml" >"$work/agent.log" 2>&1 & agent=$!; pids+=($agent)
for _ in $(seq 100); do "$egress" --socket "$work/egress.sock" status >/dev/null 2>&1 && break; sleep 0.1; done
"$egress" --socket "$work/egress.sock" endpoint add --name bench/client --labels app=client --netns "/run/netns/$p-pod" >/dev/null

# patterns COUNT: a policy with so many, of which one is for the names that are asked for.
patterns() {
    {
        printf 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: bench, namespace: bench}\nspec:\n  endpointSelector: {matchLabels: {app: client}}\n  egress:\n'
        printf '  - toCIDR: [10.92.0.2/32]\n    toPorts:\n    - ports: [{port: "53", protocol: ANY}]\n      rules:\n        dns:\n        - matchPattern: "*.bench.test"\n'
        for i in $(seq 2 "$1"); do echo "        - matchPattern: \"*.zone-$i.example.com\""; done
        printf '  - toFQDNs:\n    - matchPattern: "*.bench.test"\n'
        for i in $(seq 2 "$1"); do echo "    - matchPattern: \"*.zone-$i.example.com\""; done
        printf '  - toEntities: [host]\n    toPorts:\n    - ports: [{port: "5301", protocol: UDP}, {port: "5302", protocol: UDP}]\n'
    } >"$work/.policy"
    mv "$work/.policy" "$work/policies/bench.yaml"
    for _ in $(seq 200); do
        inside pod dnsperf -s 10.92.0.2 -d "$work/questions" -l 1 -q 1 -c 1 -Q 10 2>/dev/null | grep -q 'NOERROR [1-9]' && return
    done
    cat "$work/agent.log" >&2
    exit 1
}

# Packets that went to the server: a forwarder that answers from a cache is not compared with.
sent() { inside node sed -nE 's/^ *up0: *([0-9]+ +){9}([0-9]+) .*/\2/p' /proc/net/dev; }
cpu() { awk '{print ($14 + $15) * 10000}' "/proc/$1/stat"; } # microseconds, at 100 ticks a second

# measure NAME PID SERVER PORT: one round. At full speed queries/s and CPU; at a fixed rate the latencies.
measure() {
    local name=$1 pid=$2 before after asked
    before=$(cpu "$pid") asked=$(sent)
    inside pod dnsperf -s "$3" -p "$4" -d "$work/questions" -l "$seconds" -q 200 -c 16 -T 1 >"$work/out" 2>/dev/null
    after=$(cpu "$pid") asked=$(($(sent) - asked))
    local done qps
    done=$(sed -nE 's/ *Queries completed: *([0-9]+).*/\1/p' "$work/out")
    qps=$(sed -nE 's/ *Queries per second: *([0-9.]+)/\1/p' "$work/out")
    inside pod dnsperf -v -s "$3" -p "$4" -d "$work/questions" -l "$seconds" -Q "$rate" -c 16 -T 1 2>/dev/null |
        sed -nE 's/^> [A-Z]+ [^ ]+ A ([0-9.]+)$/\1/p' | sort -n >"$work/latencies"
    local count
    count=$(wc -l <"$work/latencies")
    echo "$qps $(((after - before) * 1000 / (done > 0 ? done : 1))) $(sed -n "$((count / 2 + 1))p" "$work/latencies") $(sed -n "$((count * 99 / 100 + 1))p" "$work/latencies") $((asked * 100 / (done > 0 ? done : 1)))" >>"$work/$name"
}

for count in 10 10000; do
    patterns "$count"
    for _ in $(seq "$rounds"); do
        measure "egress, $count patterns" "$agent" 10.92.0.2 53
        measure unbound "$unbound" 10.91.0.1 5301
        measure dnsdist "$dnsdist" 10.91.0.1 5302
    done
done

middle() { awk -v k="$2" '{print $k}' "$work/$1" | sort -n | sed -n "$((($(wc -l <"$work/$1") + 1) / 2))p"; }
printf '%-24s %12s %12s %10s %10s %12s\n' "forwarder" "queries/s" "CPU us each" "p50 us" "p99 us" "forwarded %"
for name in "egress, 10 patterns" "egress, 10000 patterns" unbound dnsdist; do
    printf '%-24s %12.0f %12.1f %10.0f %10.0f %12.0f\n' "$name" "$(middle "$name" 1)" "$(awk "BEGIN {print $(middle "$name" 2) / 1000}")" \
        "$(awk "BEGIN {print $(middle "$name" 3) * 1e6}")" "$(awk "BEGIN {print $(middle "$name" 4) * 1e6}")" "$(middle "$name" 5)"
done
