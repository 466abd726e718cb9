#!/usr/bin/env bash
# Measures what metrics and traces cost, in pairs: scripts/observed.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/../bench"
make --silent -C .. build
exec go run ./cmd/observed -ration "$PWD/../bin/ration" "$@"
