#!/usr/bin/env bash
# Serves models out of an S3 store and an OCI registry that others wrote: moto (Python 3 with venv), and the registry of
# the distribution project (Go). What is not on this machine, and cannot be fetched, is skipped with the reason.
set -euo pipefail
cd "$(dirname "$0")/../.."
registry_version=v3.1.2
venv=conformance/sources/.venv
export MOTO_SERVER= REGISTRY_SERVER= MOTO_SKIPPED= REGISTRY_SKIPPED=

if python3 -c 'import venv, ensurepip' 2>/dev/null; then
  stamp=$venv/requirements.installed
  if ! cmp -s conformance/sources/requirements.txt "$stamp"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r conformance/sources/requirements.txt
    cp conformance/sources/requirements.txt "$stamp"
  fi
  MOTO_SERVER=$PWD/$venv/bin/moto_server
else
  MOTO_SKIPPED='Python 3 with venv is not on this machine'
fi

if command -v docker-registry >/dev/null; then
  REGISTRY_SERVER=$(command -v docker-registry)
elif command -v go >/dev/null; then
  REGISTRY_SERVER=$PWD/$venv/go/registry-$registry_version
  if ! [ -x "$REGISTRY_SERVER" ]; then
    GOBIN=$PWD/$venv/go GOFLAGS=-mod=mod go install "github.com/distribution/distribution/v3/cmd/registry@$registry_version"
    mv "$venv/go/registry" "$REGISTRY_SERVER"
  fi
else
  REGISTRY_SKIPPED='neither docker-registry nor Go is on this machine'
fi

exec node --conditions=millrace-source --test --test-timeout=120000 'conformance/sources/*-check.ts'
