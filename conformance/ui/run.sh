#!/usr/bin/env bash
# Looks at the web interface of a real platform with a real browser: Debian's Chromium, or the one that
# MILLRACE_TEST_CHROMIUM names.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"

if [ -z "${MILLRACE_TEST_CHROMIUM:-}" ] && ! command -v chromium >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
  else
    echo "ui: there is no chromium; install it with: sudo apt-get install chromium" >&2
    echo "    or name one in MILLRACE_TEST_CHROMIUM; without it the tests with a browser are skipped" >&2
  fi
fi

node scripts/build-ui.ts
# One platform and one browser at a time: each takes what there is.
exec node --conditions=millrace-source --test --test-concurrency=1 --test-timeout=300000 'conformance/ui/*.test.ts'
