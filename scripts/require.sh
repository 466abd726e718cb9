#!/usr/bin/env bash
# Makes sure that the system has what tests need: scripts/require.sh postgresql ...
# As root, or where CI is true, it installs what is missing. Elsewhere it prints
# the one command that does, and fails.
set -euo pipefail

# packages prints the Debian packages that bring a thing. The race detector is
# what needs a C compiler.
packages() {
  case "$1" in
    cc) echo gcc libc6-dev ;;
    curl) echo curl ;;
    bash-completion) echo bash-completion ;;
    fish) echo fish ;;
    openssl) echo openssl ;;
    promtool) echo prometheus ;;
    git) echo git ;;
    postgresql) echo postgresql ;;
    pgbouncer) echo pgbouncer ;;
    nginx) echo nginx ;;
    haproxy) echo haproxy ;;
    chromium) echo chromium ;;
    python3) echo python3 ;;
    systemd-analyze) echo systemd ;;
    fastapi) echo python3-fastapi python3-uvicorn python3-flask ;;
    wheel) echo python3-setuptools python3-wheel python3-pip ;;
    mypy) echo mypy ;;
    express) echo node-express ;;
    typescript) echo node-typescript ;;
    npm) echo npm ;;
    h2load) echo nghttp2-client ;;
    wrk) echo wrk ;;
    redis) echo redis-server ;;
    java) echo default-jre-headless ;;
    patroni) echo patroni ;;
    etcd) echo etcd-server ;;
    *) echo "require.sh: unknown: $1; known: cc curl bash-completion fish openssl promtool git postgresql pgbouncer nginx haproxy chromium python3 systemd-analyze fastapi wheel mypy express typescript npm h2load wrk redis java patroni etcd" >&2; exit 2 ;;
  esac
}

has() {
  case "$1" in
    cc) command -v "${CC:-gcc}" ;;
    git) command -v git ;;
    curl) command -v curl ;;
    bash-completion) [[ -r /usr/share/bash-completion/bash_completion ]] ;;
    fish) command -v fish ;;
    openssl) command -v openssl ;;
    postgresql) has_postgresql ;;
    pgbouncer) command -v pgbouncer || [[ -x /usr/sbin/pgbouncer ]] ;;
    nginx) command -v nginx || [[ -x /usr/sbin/nginx ]] ;;
    haproxy) command -v haproxy || [[ -x /usr/sbin/haproxy ]] ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    python3) command -v python3 ;;
    promtool) command -v promtool ;;
    patroni) command -v patroni ;;
    etcd) command -v etcd ;;
    systemd-analyze) command -v systemd-analyze ;;
    fastapi) has_python fastapi uvicorn flask ;;
    wheel) has_python setuptools wheel pip ;;
    mypy) command -v mypy ;;
    typescript) command -v tsc ;;
    npm) command -v npm ;;
    h2load) command -v h2load ;;
    wrk) command -v wrk ;;
    redis) command -v redis-server ;;
    java) command -v java ;;
    express) NODE_PATH=/usr/share/nodejs node -e 'require("express")' ;;
  esac >/dev/null 2>&1
}

# has_python looks where test/examples looks for modules: the first Python in the path
# may be another than the one that packages are for.
has_python() {
  local python modules="${*}"
  for python in python3 /usr/bin/python3; do
    if "$python" -c "import ${modules// /, }"; then
      return 0
    fi
  done
  return 1
}

# has_postgresql looks where internal/testdb looks: for a server, not a client.
has_postgresql() {
  local dir
  for dir in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin \
    "$(dirname "$(readlink -f "$(command -v postgres || true)" || true)")"; do
    if [[ -x "$dir/postgres" && -x "$dir/initdb" && "$("$dir/postgres" --version)" =~ \)\ ([0-9]+) ]]; then
      if ((BASH_REMATCH[1] >= 15)); then
        return 0
      fi
    fi
  done
  return 1
}

missing="" names=""
for what in "$@"; do
  package=$(packages "$what")
  if ! has "$what"; then
    missing+="${missing:+, }$what"
    names+="${names:+ }$package"
  fi
done
[[ -n "$missing" ]] || exit 0

sudo=""
((EUID == 0)) || sudo="sudo "
update="${sudo}apt-get update"
install="${sudo}apt-get install --yes --no-install-recommends $names"

if ! command -v apt-get >/dev/null; then
  echo "Missing: $missing. Install with this system's packages (Debian's names: $names), then run again." >&2
  exit 1
fi
if ((EUID != 0)) && [[ "${CI:-}" != 1 && "${CI:-}" != true ]]; then
  echo "Missing: $missing. Run this, then again:" >&2
  echo "  $update && $install" >&2
  exit 1
fi
echo "Missing: $missing. Installing: $names"
export DEBIAN_FRONTEND=noninteractive
$update
$install
for what in "$@"; do
  has "$what" || { echo "Still missing after the installation: $what" >&2; exit 1; }
done
