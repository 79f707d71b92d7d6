#!/usr/bin/env bash
# Shows the main job on this machine, with no network outside of it: a workload asks real DNS, the name that its policy
# allows opens, nothing else does, and the drops are reported. Everything lives in network namespaces of its own.
# Leaves the machine as it found it, also when it is interrupted. Exits non-zero when anything differs from what it expects.
set -uo pipefail
cd "$(dirname "$0")"

if [ "$(id -u)" != 0 ]; then
    echo "demo: network namespaces and eBPF need root" >&2
    exit 1
fi

scripts/install.sh iproute2 util-linux procps unbound nginx-light curl openssl || exit 1
./build.sh || exit 1

P=egd-$$
RUN=$(mktemp -d /run/egress-demo.XXXXXX)
EGRESS=$PWD/out/egress
SOCKET=$RUN/egress.sock
PODS=(tiefighter xwing mediabot deathstar kube-dns)
pids=()
bad=0

cleanup() {
    trap - EXIT
    trap '' INT TERM HUP # impatience must not leave half of it behind
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
    for ns in "${PODS[@]}" internet node; do
        for pid in $(ip netns pids "$P-$ns" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null; done
        ip netns delete "$P-$ns" 2>/dev/null
        rm -rf "/etc/netns/$P-$ns"
    done
    rmdir /etc/netns 2>/dev/null
    umount "$RUN/bpf" 2>/dev/null # and with it everything that is pinned there
    rm -rf "$RUN"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM HUP

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
in_ns() { local ns=$1; shift; ip netns exec "$P-$ns" "$@"; }
fail() { echo "demo: $*" >&2; exit 1; }

# try WHO WHAT EXPECTED CURL-ARGS...: one curl in a pod; EXPECTED is allowed, dropped or refused.
try() {
    local who=$1 what=$2 expected=$3 got rc
    shift 3
    in_ns "$who" curl --silent --insecure --noproxy '*' --output /dev/null --connect-timeout 1 --max-time 3 "$@"
    rc=$?
    case $rc in
        0) got=allowed ;;
        6) got=refused ;;  # the name could not be resolved
        28) got=dropped ;; # no answer to the SYN
        *) got="curl exit $rc" ;;
    esac
    local mark=ok
    [ "$got" = "$expected" ] || { mark=WRONG; bad=$((bad + 1)); }
    printf '  %-11s %-53s expected %-8s got %-10s %s\n' "$who" "$what" "$expected" "$got" "$mark"
}

# --- the little world: a node, pods on it, and an internet beyond ------------------------------------------------

say "Building a node, ${#PODS[@]} pods and a small internet in network namespaces ($P-*)"
ip netns add "$P-node" && ip netns add "$P-internet" || fail "can't make network namespaces"
in_ns node ip link set lo up
in_ns internet ip link set lo up
ip link add up0 netns "$P-node" type veth peer name eth0 netns "$P-internet"
in_ns node ip address add 198.51.100.1/24 dev up0
in_ns node ip link set up0 up
in_ns internet ip address add 198.51.100.2/24 dev eth0
in_ns internet ip link set eth0 up
for address in 192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 192.0.2.15; do in_ns internet ip address add $address/32 dev lo; done
in_ns internet ip route add 10.20.0.0/24 via 198.51.100.1
in_ns node ip route add 192.0.2.0/24 via 198.51.100.2
in_ns node sysctl -q -w net.ipv4.ip_forward=1

declare -A ADDRESS=([tiefighter]=10.20.0.11 [xwing]=10.20.0.12 [mediabot]=10.20.0.20 [deathstar]=10.20.0.10 [kube-dns]=10.20.0.53)
for pod in "${PODS[@]}"; do
    ip netns add "$P-$pod"
    in_ns "$pod" ip link set lo up
    ip link add "lxc-$pod" netns "$P-node" type veth peer name eth0 netns "$P-$pod"
    in_ns node ip address add 10.20.0.1/32 dev "lxc-$pod"
    in_ns node ip link set "lxc-$pod" up
    in_ns node ip route add "${ADDRESS[$pod]}/32" dev "lxc-$pod"
    in_ns "$pod" ip address add "${ADDRESS[$pod]}/32" dev eth0
    in_ns "$pod" ip link set eth0 up
    in_ns "$pod" ip route add 10.20.0.1/32 dev eth0
    in_ns "$pod" ip route add default via 10.20.0.1
    mkdir -p "/etc/netns/$P-$pod"
    echo "nameserver ${ADDRESS[kube-dns]}" >"/etc/netns/$P-$pod/resolv.conf"
done

cat >"$RUN/unbound.conf" <<CONF
server:
  interface: 0.0.0.0
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  directory: "$RUN"
  pidfile: "$RUN/unbound.pid"
  use-syslog: no
  logfile: "$RUN/unbound.log"
  do-daemonize: no
  module-config: "iterator"
  local-zone: "github.com." static
  local-data: "github.com. 60 IN A 192.0.2.13"
  local-data: "api.github.com. 60 IN A 192.0.2.11"
  local-data: "support.github.com. 60 IN A 192.0.2.12"
  local-data: "brief.github.com. 3 IN A 192.0.2.14"
  local-zone: "example.org." static
  local-data: "www.example.org. 60 IN A 192.0.2.15"
CONF
# Not by in_ns: a function in the background is a shell of its own, and killing that leaves what it runs behind.
ip netns exec "$P-kube-dns" unbound -d -c "$RUN/unbound.conf" >"$RUN/unbound.out" 2>&1 &
pids+=($!)

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=demo \
    -keyout "$RUN/key.pem" -out "$RUN/cert.pem" 2>/dev/null || fail "openssl could not make a certificate"
head -c 20000000 /dev/zero >"$RUN/large"
for where in internet deathstar; do
    cat >"$RUN/nginx-$where.conf" <<CONF
daemon off; master_process off; pid $RUN/nginx-$where.pid; error_log $RUN/nginx-$where.log;
events {}
http {
  access_log off;
  client_body_temp_path $RUN/t1; proxy_temp_path $RUN/t2; fastcgi_temp_path $RUN/t3; uwsgi_temp_path $RUN/t4; scgi_temp_path $RUN/t5;
  server {
    listen 80; listen 443 ssl;
    ssl_certificate $RUN/cert.pem; ssl_certificate_key $RUN/key.pem;
    location = /large { alias $RUN/large; }
    location / { return 200 "hello from $where\n"; }
  }
}
CONF
    ip netns exec "$P-$where" nginx -e "$RUN/nginx-$where.log" -c "$RUN/nginx-$where.conf" >"$RUN/nginx-$where.out" 2>&1 &
    pids+=($!)
done

# --- the firewall ------------------------------------------------------------------------------------------------

mkdir -p "$RUN/policies" "$RUN/state" "$RUN/bpf"
cat >"$RUN/agent.yaml" <<CONF
policyDirectory: $RUN/policies
stateDirectory: $RUN/state
socket: $SOCKET
bpffs: $RUN/bpf
CONF
# nsenter, not ip netns exec: the latter hides the bpf file system that the node's programs are pinned in.
nsenter --net="/run/netns/$P-node" "$EGRESS" agent --standalone --config "$RUN/agent.yaml" >"$RUN/agent.log" 2>&1 &
agent=$!
pids+=("$agent")
egress() { "$EGRESS" --socket "$SOCKET" "$@"; }

for _ in $(seq 100); do
    egress status >/dev/null 2>&1 && break
    kill -0 "$agent" 2>/dev/null || { cat "$RUN/agent.log" >&2; fail "the agent did not start"; }
    sleep 0.1
done
egress status >/dev/null || { cat "$RUN/agent.log" >&2; fail "the agent did not answer in 10 s"; }

declare -A LABELS=([tiefighter]=org=empire,class=tiefighter [xwing]=org=alliance,class=xwing
    [mediabot]=org=empire,class=mediabot [deathstar]=org=empire,class=deathstar [kube-dns]=k8s-app=kube-dns)
for pod in "${PODS[@]}"; do
    space=default
    [ "$pod" = kube-dns ] && space=kube-system
    egress endpoint add --name "$space/$pod" --labels "${LABELS[$pod]}" --netns "/run/netns/$P-$pod" >/dev/null ||
        { cat "$RUN/agent.log" >&2; fail "endpoint $pod"; }
done
egress endpoint list

# apply FILE: puts a policy in force in place of the media bot's former one, and waits until the agent says so.
apply() {
    local file=$1 name
    name=$(sed -nE 's/^  name: (.*)$/\1/p' "$file" | head -n 1)
    rm -f "$RUN"/policies/[1-9]*.yaml
    cp "$file" "$RUN/policies/.new" && mv "$RUN/policies/.new" "$RUN/policies/$(basename "$file")"
    for _ in $(seq 100); do
        # In force: this one, and none of the others.
        local now
        now=$(egress policy get -o json 2>/dev/null)
        if grep -q "\"$name\"" <<<"$now" && ! grep -o '"mediabot-by-[a-z]*"' <<<"$now" | grep -v "\"$name\"" | grep -q .; then
            return
        fi
        sleep 0.05
    done
    cat "$RUN/agent.log" >&2
    fail "policy $name was not taken up in 5 s"
}

# --- the show ----------------------------------------------------------------------------------------------------

say "No policy: everyone reaches everything"
try xwing "http://deathstar" allowed http://10.20.0.10/
try mediabot "https://support.github.com" allowed https://support.github.com/

say "Ingress by label: only ships of the empire land (examples/demo/0-landing.yaml)"
apply examples/demo/0-landing.yaml
try tiefighter "http://deathstar" allowed http://10.20.0.10/
try tiefighter "https://deathstar (port 443 is not in the rule)" dropped https://10.20.0.10/
try xwing "http://deathstar" dropped http://10.20.0.10/

say "Egress by name: api.github.com and nothing else (examples/demo/1-api-by-name.yaml)"
apply examples/demo/1-api-by-name.yaml
try mediabot "https://api.github.com" allowed https://api.github.com/
try mediabot "http://api.github.com" allowed http://api.github.com/
try mediabot "https://support.github.com" dropped https://support.github.com/
try mediabot "https://192.0.2.12 (no name asked)" dropped https://192.0.2.12/
try tiefighter "https://support.github.com (no policy for it)" allowed https://support.github.com/

say "Egress by pattern: *.github.com (examples/demo/2-api-by-pattern.yaml)"
apply examples/demo/2-api-by-pattern.yaml
try mediabot "https://api.github.com" allowed https://api.github.com/
try mediabot "https://support.github.com" allowed https://support.github.com/
try mediabot "https://github.com (one label too few)" dropped https://github.com/
try mediabot "https://www.example.org" dropped https://www.example.org/

say "Egress by pattern, port and question (examples/demo/3-api-by-port.yaml)"
apply examples/demo/3-api-by-port.yaml
try mediabot "https://support.github.com" allowed https://support.github.com/
try mediabot "http://support.github.com" dropped http://support.github.com/
try mediabot "https://www.example.org (may not even be asked)" refused https://www.example.org/

say "Time to live: brief.github.com lives 3 seconds"
try mediabot "https://brief.github.com" allowed https://brief.github.com/
ip netns exec "$P-mediabot" curl --silent --insecure --output /dev/null --limit-rate 2M --max-time 20 -w '%{size_download}' \
    https://brief.github.com/large >"$RUN/downloaded" &
download=$!
pids+=("$download")
sleep 4.5
try mediabot "192.0.2.14, after its time" dropped --resolve brief.github.com:443:192.0.2.14 https://brief.github.com/
wait $download
if [ "$(cat "$RUN/downloaded")" = 20000000 ]; then
    printf '  %-11s %-53s expected %-8s got %-10s %s\n' mediabot "the download that began before" "to end" "20 MB" ok
else
    printf '  %-11s %-53s expected %-8s got %-10s %s\n' mediabot "the download that began before" "to end" "$(cat "$RUN/downloaded") B" WRONG
    bad=$((bad + 1))
fi
try mediabot "https://brief.github.com, asked anew" allowed https://brief.github.com/

say "The drops, as the agent saw them (egress observe --verdict dropped)"
egress observe --last 200 --verdict dropped >"$RUN/drops" || bad=$((bad + 1))
cat "$RUN/drops"
for want in 'default/mediabot.*192\.0\.2\.12:443.*Policy denied.*DROPPED.*SYN' 'default/xwing.*default/deathstar:80.*Policy denied DROPPED' \
    'default/mediabot.*192\.0\.2\.14:443.*DROPPED'; do
    grep -qE "$want" "$RUN/drops" || { echo "  WRONG: no drop line like: $want"; bad=$((bad + 1)); }
done

say "What is learned now (egress fqdn cache list)"
egress fqdn cache list

if [ "$bad" = 0 ]; then
    say "Everything came as expected."
else
    say "$bad things differ from what was expected."
    exit 1
fi
