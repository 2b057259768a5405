#!/usr/bin/env bash
# Holds the stock Python tritonclient, with its defaults, against the server. Needs Python 3 with venv.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=conformance/interop/.venv
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "interop: SKIPPED, because Python 3 with venv is not on this machine" >&2
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
stamp=$venv/requirements.installed
if ! cmp -s conformance/interop/requirements.txt "$stamp"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r conformance/interop/requirements.txt
  cp conformance/interop/requirements.txt "$stamp"
fi
exec "$venv/bin/python" -m unittest discover --start-directory conformance/interop --pattern 'test_*.py' --verbose
