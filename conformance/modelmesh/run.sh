#!/usr/bin/env bash
# Holds the server to the checks of ModelMesh: behind its adapter, in place of the adapter, and as a mesh of one process.
# A Python with numpy (MILLRACE_TEST_PYTHON names one) adds the tests of Python classes.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/node_modules/.bin:$PATH"
exec node --conditions=millrace-source --test --test-concurrency=2 --test-timeout=120000 'conformance/modelmesh/*.test.ts'
