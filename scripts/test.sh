#!/usr/bin/env bash
# Runs the tests of every module: scripts/test.sh [FLAG OF GO TEST]... They share a
# PostgreSQL of their own and one build of the binary. Fails in the end if a module
# did, and says which tests were slowest.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
tools=$PWD/.cache/bin results=$PWD/.cache/tests
mkdir -p "$results"
rm -f "$results"/*.json

export RATION_TEST_BINARY=$tools/ration
CGO_ENABLED=0 go build -trimpath -o "$RATION_TEST_BINARY" ./cmd/ration

# The race detector brings checks of unsafe pointers along, which take a quarter of
# the time of SQLite's translated code and tell nothing of ours. Nobody debugs these
# binaries, so linking leaves out what a debugger would read.
# "go vet" is left to the linter, which runs all of its checks.
flags=(-race -vet=off -ldflags=-w -gcflags=modernc.org/...=-d=checkptr=0)

# The race detector lets each process sleep for a second before it ends, while what is
# left running may still race. The long tests wait for that.
if [[ " $* " != *" long "* ]]; then
  export GORACE="atexit_sleep_ms=50 ${GORACE-}"
fi

# Packages begin in this order. Those that take longest are first, lest one of them runs
# alone in the end; those that wait more than they compute come between.
first=(./postgres ./sqlite ./test/upgrade ./internal/cli ./test/faults ./test/examples ./test/e2e ./test/browser ./test/crash ./test/torture
  ./internal/storetest ./test/deploy ./internal/dbcopy ./test/sqlite ./internal/proxy ./test/takeover ./test/integrations)

# Servers of PostgreSQL keep their files in memory where 4 GiB of it are free: there a
# database costs a third of the time. What tests ask of them is what outlives kill -9,
# and memory keeps that. The long tests fill more, and flush to the real disk.
if [[ " $* " != *" long "* && -w /dev/shm ]] && (($(df --output=avail -B1 /dev/shm | tail -n 1) >= 4 << 30)); then
  export RATION_TEST_POSTGRES_DIR=${RATION_TEST_POSTGRES_DIR-/dev/shm}
fi

# The main module is last, so that its number of tests is the one that a reader sees. A
# module without tests is compiled: it would report "0 tests" as if that were a result.
failed=
for mod in bench/go.mod examples/*/go.mod go.mod; do
  module=$(dirname "$mod") name=${mod//\//-}
  packages=(./...)
  [[ $module != . ]] || packages=("${first[@]}" "${packages[@]}")
  if [[ -z $(find "$module" -name '*_test.go' -print -quit) ]]; then
    (cd "$module" && go build -o /dev/null "${packages[@]}") || failed=1
    continue
  fi
  (cd "$module" && "$tools/testpostgres" -- "$tools/gotestsum" --format pkgname --format-hide-empty-pkg \
    --format-icons text --jsonfile "$results/$name.json" -- "${flags[@]}" "$@" "${packages[@]}") || failed=1
done
printf '\nThe ten slowest tests:\n'
cat "$results"/*.json | "$tools/gotestsum" tool slowest --num 10
[[ -z "$failed" ]]
