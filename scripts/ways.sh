#!/usr/bin/env bash
# Measures the ways in that a gateway asks, beside each other: scripts/ways.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/../bench"
../scripts/require.sh postgresql h2load
make --silent -C .. build
exec go run ./cmd/ways -ration "$PWD/../bin/ration" "$@"
