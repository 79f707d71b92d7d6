#!/usr/bin/env bash
# A workload that floods its policy with what it drops: what telling of that costs, and whether every packet is counted.
# tests/bench/flood.sh [ROUNDS [SECONDS]], as root; fails where a number does not add up.
set -euo pipefail
cd "$(dirname "$0")"
../../scripts/install.sh clang-19 libc6-dev libbpf1 libbpf-dev iproute2 util-linux procps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clang-19 -O2 -Wall -pthread traffic.c -o "$work/traffic"
dotnet build Egress.Bench --configuration Release -v quiet --nologo
dotnet Egress.Bench/bin/Release/net10.0/Egress.Bench.dll flood "$work/traffic" "$@"
