#!/usr/bin/env bash
# Holds a real PostgreSQL against the store's suite, and a whole platform against a real PostgreSQL: the server that
# MILLRACE_TEST_POSTGRES_URL names, or one that is started in a temporary folder with the programs that are installed, or
# that apt-get can install.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  echo "postgres: SKIPPED, because $1" >&2
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

# The newest installed one; Debian keeps them out of the path.
find_programs() {
  local server
  for server in $(ls -rv /usr/lib/postgresql/*/bin/postgres 2> /dev/null); do
    dirname "$server"
    return
  done
}

# as_user COMMAND…: PostgreSQL refuses to run as root.
as_user() {
  if ((EUID == 0)); then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

work=
cleanup() {
  if [[ -n $work ]]; then
    as_user "$programs/pg_ctl" --pgdata="$work/data" --mode=immediate stop > /dev/null 2>&1 || true
    rm -rf "$work"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ -z ${MILLRACE_TEST_POSTGRES_URL:-} ]]; then
  programs=$(find_programs)
  if [[ -z $programs ]]; then
    if ((EUID != 0)) || ! command -v apt-get > /dev/null; then
      skip 'there is no PostgreSQL on this machine (Debian and Ubuntu: apt-get install postgresql)'
    fi
    install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql)
    "${install[@]}" > /dev/null 2>&1 || { apt-get update > /dev/null 2>&1 && "${install[@]}" > /dev/null 2>&1; } ||
      skip 'apt-get could not install postgresql'
    programs=$(find_programs)
    [[ -n $programs ]] || skip 'apt-get installed no PostgreSQL server'
  fi
  if ((EUID == 0)) && ! id postgres > /dev/null 2>&1; then
    skip 'PostgreSQL does not run as root, and there is no user postgres'
  fi
  work=$(mktemp -d)
  if ((EUID == 0)); then chown postgres "$work"; fi
  (
    cd "$work"
    as_user "$programs/initdb" --pgdata="$work/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
      --no-sync > /dev/null
    # A socket in the folder and no port: nothing can be taken already.
    as_user "$programs/pg_ctl" --pgdata="$work/data" --log="$work/log" --wait \
      --options="-c listen_addresses= -k $work -c fsync=off" start > /dev/null
  ) || { cat "$work/log" >&2 2> /dev/null; exit 1; }
  export MILLRACE_TEST_POSTGRES_URL="postgres://postgres@localhost/postgres?host=$work"
fi

# Before node_modules/.bin came into the path, `node` may be an older one.
export PATH="$PWD/node_modules/.bin:$PATH"
files=("$@")
((${#files[@]} > 0)) || files=(packages/platform/store/test/store-postgres.test.ts packages/platform/cli/up-postgres.test.ts)
node --conditions=millrace-source --test --test-timeout=180000 "${files[@]}"
