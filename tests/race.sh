#!/usr/bin/env bash
# The race between an answer and the first SYN after it: so many lookups (default 20,000), each followed at once by a
# connect from the pod to the address that it brought. Passes when not one SYN was dropped or had to be sent again.
set -euo pipefail
cd "$(dirname "$0")/.."

EGRESS_RACE_LOOKUPS=${1:-20000}
EGRESS=${EGRESS:-$PWD/out/egress}
export EGRESS_RACE_LOOKUPS EGRESS DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
[ -x "$EGRESS" ] || ./build.sh
dotnet test tests/Egress.Netns.Tests --configuration Release --nologo --filter 'FullyQualifiedName~RaceTests' \
    --logger 'console;verbosity=detailed'
