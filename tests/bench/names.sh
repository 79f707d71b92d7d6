#!/usr/bin/env bash
# Name matching with up to 10,000 patterns, and the name cache with 1,000,000 pairs: tests/bench/names.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")"
dotnet build Egress.Bench --configuration Release -v quiet --nologo
exec dotnet Egress.Bench/bin/Release/net10.0/Egress.Bench.dll names "$@"
