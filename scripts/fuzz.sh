#!/usr/bin/env bash
# Runs every fuzz target of the module in turn: scripts/fuzz.sh 10s
# A target that finds something leaves its input under testdata/fuzz, to commit.
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:-10s}

targets=0
while IFS=: read -r file name; do
  targets=$((targets + 1))
  package=./$(dirname "$file")
  echo "== $package $name"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$duration" -fuzzminimizetime 10x "$package"
done < <(git ls-files '*_test.go' | xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' /dev/null | sed 's/func //')

if ((targets == 0)); then
  echo "no fuzz target found" >&2
  exit 1
fi
