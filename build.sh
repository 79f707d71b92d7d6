#!/usr/bin/env bash
# Builds everything and leaves the executable at out/egress. Needs the .NET 10 SDK; installs the rest.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v dotnet >/dev/null; then
    echo "build: the .NET 10 SDK is needed (dotnet is not on the PATH)" >&2
    exit 1
fi

scripts/install.sh clang-19 libbpf1 libbpf-dev linux-libc-dev iproute2 nftables util-linux

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
dotnet publish agent/Egress.Cli/Egress.Cli.csproj --configuration Release --output out/publish -v quiet --nologo "$@"
install -m 0755 out/publish/egress out/egress
echo "built out/egress ($(du -h out/egress | cut -f1))"
