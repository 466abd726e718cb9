#!/usr/bin/env bash
# Measures what Ration adds to a call: scripts/latency.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/../bench"
make --silent -C .. build
exec go run ./cmd/latency -ration "$PWD/../bin/ration" "$@"
