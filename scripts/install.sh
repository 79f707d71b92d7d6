#!/usr/bin/env bash
# Installs Debian packages that are missing, and starts none of their services: `scripts/install.sh PACKAGE...`
# A package that is there already costs nothing; a machine that has them all needs neither network nor root.
set -euo pipefail

missing=()
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "install: these packages are missing and installing them needs root: ${missing[*]}" >&2
    exit 1
fi

# invoke-rc.d asks this file whether it may start a service; 101 is "no" (see /usr/share/doc/init-system-helpers).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    echo "install: apt-get could not install: ${missing[*]}" >&2
    tail -n 20 "$log" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
