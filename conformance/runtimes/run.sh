#!/usr/bin/env bash
# Holds the runtimes against the libraries whose models they serve, in a virtual environment. Needs Python 3 with venv.
# MILLRACE_TEST_PYTHON names the interpreter of an environment that has requirements.txt installed already.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
if [[ -z ${MILLRACE_TEST_PYTHON:-} ]]; then
  venv=conformance/runtimes/.venv
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "runtimes: SKIPPED, because Python 3 with venv is not on this machine" >&2
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
  fi
  stamp=$venv/requirements.installed
  if ! cmp -s conformance/runtimes/requirements.txt "$stamp"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r conformance/runtimes/requirements.txt
    cp conformance/runtimes/requirements.txt "$stamp"
  fi
  MILLRACE_TEST_PYTHON=$PWD/$venv/bin/python
fi
export MILLRACE_TEST_PYTHON
exec node --conditions=millrace-source --test --test-concurrency=2 --test-timeout=300000 "conformance/runtimes/${1:-*}/**/*.test.ts"
