#!/usr/bin/env bash
# Installs what the tests need, builds, and runs them all. Ends with "N passed, N failed"; fails when anything failed,
# and when the kernel's part could not run: there is no green without root and BTF.
set -uo pipefail
cd "$(dirname "$0")"

if [ "$(id -u)" != 0 ]; then
    echo "test: the datapath tests load eBPF programs and make network namespaces: run as root" >&2
    exit 1
fi
if [ ! -r /sys/kernel/btf/vmlinux ]; then
    echo "test: this kernel has no BTF (/sys/kernel/btf/vmlinux): the datapath tests can't run" >&2
    exit 1
fi

scripts/install.sh clang-19 libbpf1 libbpf-dev linux-libc-dev iproute2 nftables util-linux \
    python3-grpcio python3-protobuf unbound knot knot-dnsutils bind9-dnsutils nginx-light curl socat ethtool procps || exit 1
./build.sh || exit 1

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
EGRESS=$PWD/out/egress
export EGRESS
dotnet build Egress.sln --configuration Release -v quiet --nologo || exit 1

passed=0 failed=0 broken=0
for project in tests/*.Tests/*.csproj; do
    name=$(basename "$project" .csproj)
    log=$(mktemp)
    dotnet test "$project" --configuration Release --no-build --nologo --logger 'console;verbosity=normal' 2>&1 |
        tee "$log" | grep -vE '^\[xUnit\.net [0-9:.]+\] +(xUnit|Discover|Start|Finish)|^\s+Passed |^\s*$|^Test (Run|run)|^Total tests|^\s+(Passed|Failed|Skipped): |^ Total time|^Starting test|^A total of' || true
    # The summary of this run: "Total tests: N", "Passed: N", "Failed: N".
    p=$(sed -nE 's/^ +Passed: ([0-9]+)$/\1/p' "$log" | tail -n 1)
    f=$(sed -nE 's/^ +Failed: ([0-9]+)$/\1/p' "$log" | tail -n 1)
    s=$(sed -nE 's/^ +Skipped: ([0-9]+)$/\1/p' "$log" | tail -n 1)
    if [ -z "$p$f" ] || [ -n "$s" ] && [ "$s" != 0 ]; then
        echo "$name: did not run to its end, or skipped ${s:-?} tests, which is no pass here" >&2
        broken=$((broken + 1))
    fi
    passed=$((passed + ${p:-0}))
    failed=$((failed + ${f:-0}))
    echo "$name: ${p:-0} passed, ${f:-0} failed"
    rm -f "$log"
done

# Nothing stays behind: namespaces, their worlds' directories, bpf mounts, pinned programs, devices. Names begin with egt and the number
# of the process that made them; those of one that still runs are another run's.
left=$({
    ip netns list 2>/dev/null | grep -E '^egt-'
    find /run -maxdepth 1 -name 'egt*'
    grep -oE ' /run/egt[^ ]*' /proc/mounts
    find /sys/fs/bpf -mindepth 1 -name 'egt*' 2>/dev/null
    ip -oneline link show | grep -oE ' egt[^:@ ]*'
} | while read -r thing _; do
    process=$(grep -oE 'egt[a-z]*-[0-9]+' <<<"$thing" | grep -oE '[0-9]+$')
    [ -n "$process" ] && [ -d "/proc/$process" ] || echo "$thing"
done)
if [ -n "$left" ]; then
    echo "left behind: $left" >&2
    broken=$((broken + 1))
fi
failed=$((failed + broken))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
