#!/usr/bin/env bash
# The datapath beside the bare veth path and an nftables set, in one run: tests/bench/datapath.sh [ROUNDS [SECONDS]]
# Runs in a network namespace of its own, as root.
set -euo pipefail
cd "$(dirname "$0")"
../../scripts/install.sh clang-19 libc6-dev libbpf1 libbpf-dev iproute2 nftables util-linux
work=$(mktemp -d)
host=egb-host-$$
trap 'ip netns delete "$host" 2>/dev/null; rm -rf "$work"' EXIT
clang-19 -O2 -Wall -pthread traffic.c -o "$work/traffic"
dotnet build Egress.Bench --configuration Release -v quiet --nologo
ip netns add "$host"
nsenter --net="/run/netns/$host" dotnet Egress.Bench/bin/Release/net10.0/Egress.Bench.dll datapath "$work/traffic" "$@"
