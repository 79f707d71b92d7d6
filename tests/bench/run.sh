#!/usr/bin/env bash
# What 'egress run -- true' takes over 'ip netns exec NS true', in turns, as root: tests/bench/run.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-15}
egress=${EGRESS:-$PWD/out/egress}
[ -x "$egress" ] || { echo "run: $egress is not there; ./build.sh makes it" >&2; exit 1; }
name=egb-run-$$
work=$(mktemp -d)
trap 'ip netns delete "$name" 2>/dev/null || true; rm -rf "$work"' EXIT
ip netns add "$name"

# Milliseconds that a command takes.
took() {
    local began ended
    began=$(date +%s%N)
    "$@"
    ended=$(date +%s%N)
    echo $(((ended - began) / 1000000))
}

"$egress" run -- true
for _ in $(seq "$rounds"); do
    took ip netns exec "$name" true >>"$work/plain"
    took "$egress" run -- true >>"$work/run"
    took "$egress" --version >>"$work/version.all" 2>&1
done
grep -E '^[0-9]+$' "$work/version.all" >"$work/version"
median() { sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"; }
least() { sort -n "$1" | head -n 1; }
plain=$(median "$work/plain") run=$(median "$work/run")
printf '%-28s %8s %8s\n' "milliseconds" median least
printf '%-28s %8s %8s\n' "ip netns exec NS true" "$plain" "$(least "$work/plain")"
printf '%-28s %8s %8s\n' "egress --version" "$(median "$work/version")" "$(least "$work/version")"
printf '%-28s %8s %8s\n' "egress run -- true" "$run" "$(least "$work/run")"
echo "over ip netns exec: $((run - plain)) ms (target: 150)"
