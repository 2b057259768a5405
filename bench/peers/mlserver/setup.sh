#!/bin/sh
# Installs MLServer from PyPI into .venv beside this file. PYTHON names the interpreter; the pins are made for 3.11.
set -eu
cd "$(dirname "$0")"

python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3.11 python3.12 python3; do
    if command -v "$candidate" >/dev/null 2>&1; then
      python=$candidate
      break
    fi
  done
fi
if [ -z "$python" ]; then
  echo "setup.sh: no Python 3 found; install Python 3.11 or name one: PYTHON=/path/to/python sh setup.sh" >&2
  exit 1
fi

"$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --requirement requirements.txt
.venv/bin/mlserver --version
