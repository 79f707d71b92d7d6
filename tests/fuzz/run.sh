#!/usr/bin/env bash
# Feeds mutated DNS messages to the reader, the writer and the learner: tests/fuzz/run.sh [COUNT [SEED]], 10,000,000 by default.
# Ends non-zero, with the message in hex, on anything but the parser's own result.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build Egress.Fuzz --configuration Release -v quiet --nologo
exec dotnet Egress.Fuzz/bin/Release/net10.0/Egress.Fuzz.dll "$@"
