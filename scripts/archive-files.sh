#!/usr/bin/env bash
# Makes what release archives hold beside the binary and the repository's files:
# scripts/archive-files.sh RATION DIR. What was in DIR is gone then.
set -euo pipefail
ration=$1 dir=$2

rm -rf "$dir"
mkdir -p "$dir/completions"
"$ration" man "$dir/man"
for shell in bash zsh fish; do
  "$ration" completion "$shell" >"$dir/completions/ration.$shell"
done
