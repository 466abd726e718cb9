#!/usr/bin/env bash
# Measures what a million keys with 30 days of usage cost: scripts/scale.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/../bench"
make --silent -C .. build
exec go run ./cmd/scale -ration "$PWD/../bin/ration" "$@"
