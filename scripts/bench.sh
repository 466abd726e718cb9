#!/usr/bin/env bash
# Runs the comparison in bench/, a module of its own: scripts/bench.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/../bench"
go run ./cmd/bench "$@"
../scripts/require.sh h2load
make --silent -C .. build
exec go run ./cmd/ways -ration "$PWD/../bin/ration"
