#!/usr/bin/env bash
# Holds the runtimes against the libraries whose models they serve, and against stock MLServer, in virtual environments.
# Needs Python 3 with venv. Without an argument all of them, else the one that is named: run.sh xgboost
# MILLRACE_TEST_PYTHON and MILLRACE_TEST_MLSERVER name interpreters that have requirements.txt or
# mlserver-requirements.txt installed already.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "runtimes: SKIPPED, because Python 3 with venv is not on this machine" >&2
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi

# make_environment FOLDER REQUIREMENTS: a virtual environment, made anew when its requirements change.
make_environment() {
  local folder=$1 requirements=$2
  if ! cmp -s "$requirements" "$folder/requirements.installed"; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$folder/requirements.installed"
  fi
}

here=conformance/runtimes
if [[ -z ${MILLRACE_TEST_PYTHON:-} ]]; then
  make_environment $here/.venv/libraries $here/requirements.txt
  export MILLRACE_TEST_PYTHON=$PWD/$here/.venv/libraries/bin/python
fi
# Only these ask MLServer.
if [[ -z ${MILLRACE_TEST_MLSERVER:-} && ${1:-python} == python* ]]; then
  make_environment $here/.venv/mlserver $here/mlserver-requirements.txt
  export MILLRACE_TEST_MLSERVER=$PWD/$here/.venv/mlserver/bin/python
fi
exec node --conditions=millrace-source --test --test-concurrency=2 --test-timeout=300000 "$here/${1:-*}/**/*.test.ts"
