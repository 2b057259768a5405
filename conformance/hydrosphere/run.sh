#!/usr/bin/env bash
# Holds the platform to the checks of Hydrosphere's behaviour, to its own Python SDK, its clients and the runtimes of its
# documentation, and to a few trials of strength. Needs Python 3 with venv for the SDK and the runtimes.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
here=conformance/hydrosphere

status=0
node --conditions=millrace-source --test --test-concurrency=2 --test-timeout=120000 "$here/*.test.ts" || status=1
node --conditions=millrace-source $here/trials/run.ts --short || status=1

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  echo "hydrosphere: SKIPPED, because Python 3 with venv is not on this machine" >&2
  echo "0 passed, 0 failed, 1 skipped"
  exit "$status"
fi

# make_environment FOLDER REQUIREMENTS: a virtual environment, made anew when its requirements change.
make_environment() {
  local folder=$1 requirements=$2
  if ! cmp -s "$requirements" "$folder/requirements.installed"; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements"
    cp "$requirements" "$folder/requirements.installed"
  fi
}

make_environment $here/.venv/sdk $here/requirements.txt
for generation in g1 g2; do
  make_environment $here/.venv/$generation $here/requirements-$generation.txt
  export "MILLRACE_TEST_HYDROSPHERE_${generation^^}=$PWD/$here/.venv/$generation/bin/python"
done
$here/.venv/sdk/bin/python -W ignore::ResourceWarning -m unittest discover --buffer --verbose \
  --start-directory $here/python --pattern 'test_*.py' || status=1
exit "$status"
