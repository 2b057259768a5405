#!/usr/bin/env bash
# Asks Millrace and stock MLServer the same questions and writes results.md and results.json.
# MLSERVER_VENV names a virtual environment that has mlserver; without it the bench's is made. Further arguments go to run.ts.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=${MLSERVER_VENV:-bench/peers/mlserver/.venv}
if [ ! -x "$venv/bin/mlserver" ]; then
  if [ -n "${MLSERVER_VENV:-}" ]; then
    echo "run.sh: $venv has no bin/mlserver; leave MLSERVER_VENV out to have one made" >&2
    exit 1
  fi
  sh bench/peers/mlserver/setup.sh
fi
export PATH="$PWD/node_modules/.bin:$PATH"
exec node --conditions=millrace-source conformance/mlserver/run.ts --target both --venv "$venv" --write "$@"
