#!/usr/bin/env bash
# Runs the benchmark in bench/, a module of its own: scripts/bench.sh [argument ...]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/require.sh postgresql wrk redis
make --silent build
programs=$PWD/.cache/bench
(cd bench && go build -o "$programs/" ./cmd/bench ./cmd/contender)
exec "$programs/bench" -ration "$PWD/bin/ration" "$@"
