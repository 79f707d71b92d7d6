#!/usr/bin/env bash
# The page in headless Chromium, over a real agent with real drops, as root: tests/page.sh [DIRECTORY FOR SCREENSHOTS]
set -euo pipefail
cd "$(dirname "$0")/.."
egress=${EGRESS:-$PWD/out/egress}
[ -x "$egress" ] || { echo "page: $egress is not there; ./build.sh makes it" >&2; exit 1; }
pictures=${1:+$(realpath "$1")}
scripts/install.sh chromium iproute2 unbound util-linux
command -v npm >/dev/null || scripts/install.sh nodejs npm
p=egb-page-$$
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    for space in node pod; do ip netns delete "$p-$space" 2>/dev/null || true; done
    umount "$work/bpf" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
inside() { local space=$1; shift; nsenter --net="/run/netns/$p-$space" "$@"; }
cp tests/page/page.mjs "$work/"
(cd "$work" && npm install --silent --no-audit --no-fund playwright-core >/dev/null)

for space in node pod; do ip netns add "$p-$space"; inside "$space" ip link set lo up; done
ip link add lxc0 netns "$p-node" type veth peer name eth0 netns "$p-pod"
inside node ip address add 10.94.0.1/24 dev lxc0; inside node ip link set lxc0 up
inside node ip address add 10.99.0.1/32 dev lo; inside node ip address add 10.99.0.2/32 dev lo; inside node ip address add 10.98.0.2/32 dev lo
inside pod ip address add 10.94.0.2/24 dev eth0; inside pod ip link set eth0 up; inside pod ip route add default via 10.94.0.1
mkdir "$work/policies" "$work/state" "$work/bpf"
printf 'server:\n  interface: 10.98.0.2\n  access-control: 0.0.0.0/0 allow\n  username: ""\n  chroot: ""\n  directory: "%s"\n  pidfile: "%s/u.pid"\n  use-syslog: no\n  do-daemonize: no\n  local-zone: "test." static\n  local-data: "good.test. 60 IN A 10.99.0.1"\n  local-data: "bad.test. 60 IN A 10.99.0.2"\n' "$work" "$work" >"$work/unbound.conf"
nsenter --net="/run/netns/$p-node" unbound -d -c "$work/unbound.conf" >/dev/null 2>&1 & pids+=($!)
cat >"$work/agent.yaml" <<CONF
policyDirectory: $work/policies
stateDirectory: $work/state
socket: $work/egress.sock
bpffs: $work/bpf
http.listen: 127.0.0.1:9970
node.addresses: 10.94.0.1
CONF
cat >"$work/policies/a.yaml" <<CONF
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: by-name, namespace: demo}
spec:
  endpointSelector: {matchLabels: {app: client}}
  egress:
  - toCIDR: [10.98.0.2/32]
    toPorts:
    - ports: [{port: "53", protocol: ANY}]
      rules: {dns: [{matchPattern: "*"}]}
  - toFQDNs: [{matchName: good.test}]
CONF
nsenter --net="/run/netns/$p-node" "$egress" agent --standalone --config "$work/agent.yaml" 2>"$work/log" & pids+=($!)
for _ in $(seq 100); do "$egress" --socket "$work/egress.sock" status >/dev/null 2>&1 && break; sleep 0.1; done
"$egress" --socket "$work/egress.sock" endpoint add --name demo/client --labels app=client --netns "/run/netns/$p-pod" >/dev/null
mkdir -p "/etc/netns/$p-pod"
for name in good.test bad.test good.test bad.test; do
    address=10.99.0.1; [ "$name" = bad.test ] && address=10.99.0.2
    inside pod bash -c "exec 3<>/dev/udp/10.98.0.2/53; printf '\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x0$((${#name} - 5))${name%.test}\x04test\x00\x00\x01\x00\x01' >&3; timeout 2 head -c 12 <&3 >/dev/null" || true
    inside pod timeout 1 bash -c "exec 3<>/dev/tcp/$address/80" 2>/dev/null || true
done
rmdir "/etc/netns/$p-pod" 2>/dev/null || true
cd "$work" && inside node node page.mjs http://127.0.0.1:9970/ ${pictures:+"$pictures"}
