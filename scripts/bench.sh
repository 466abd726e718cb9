#!/usr/bin/env bash
# Runs the comparison in bench/, a module of its own: scripts/bench.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/../bench"
exec go run ./cmd/bench "$@"
