#!/usr/bin/env bash
# Compiles the eBPF programs and the ABI's type carrier: bpf/build.sh OUTPUT-DIRECTORY
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: bpf/build.sh OUTPUT-DIRECTORY}

clang=${CLANG:-}
for version in 22 21 20 19 18 17 16 15 14; do
    [ -z "$clang" ] && command -v "clang-$version" >/dev/null && clang=clang-$version
done
clang=${clang:-clang}
if ! command -v "$clang" >/dev/null; then
    echo "bpf/build.sh: clang 14 or later is needed (Debian: apt-get install clang-19 libbpf-dev linux-libc-dev)" >&2
    exit 1
fi

mkdir -p "$out"
# asm/types.h lies in the directory of the machine's own architecture.
multiarch=/usr/include/$(uname -m)-linux-gnu
flags=(-target bpf -mcpu=v3 -g -O2 -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -I"$multiarch")
# Names of this machine's directories stay out of the debug information.
"$clang" "${flags[@]}" -fdebug-compilation-dir=. "-ffile-prefix-map=$here=bpf" -c "$here/abi/abi.c" -o "$out/abi.o"
"$clang" "${flags[@]}" -fdebug-compilation-dir=. "-ffile-prefix-map=$here=bpf" -c "$here/egress.bpf.c" -o "$out/egress.bpf.o"
