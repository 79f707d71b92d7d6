#!/usr/bin/env bash
# The datapath beside the bare way and an nftables set, in one run: tests/bench/datapath.sh [ROUNDS [SECONDS [LOAD]]]
# As root; in network namespaces of its own, which a next run removes if this one is killed.
set -euo pipefail
cd "$(dirname "$0")"
../../scripts/install.sh clang-19 libc6-dev libbpf1 libbpf-dev iproute2 nftables util-linux procps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang-19 -O2 -Wall -pthread traffic.c -o "$work/traffic"
dotnet build Egress.Bench --configuration Release -v quiet --nologo
dotnet Egress.Bench/bin/Release/net10.0/Egress.Bench.dll datapath "$work/traffic" "$@"
