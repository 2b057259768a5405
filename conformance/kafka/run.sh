#!/usr/bin/env bash
# Holds a real Kafka broker, a single node on loopback, against the server. Needs Java 17 and Maven.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in java mvn; do
  if ! command -v "$tool" > /dev/null; then
    echo "kafka: SKIPPED, because $tool is not on this machine" >&2
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
  fi
done

work=$(mktemp -d)
# The tests stop the brokers that they start; this is for tests that were stopped themselves.
cleanup() {
  local file
  for file in "$work"/*/broker.pid; do
    if [[ -f $file ]]; then kill -9 "$(cat "$file")" 2> /dev/null || true; fi
  done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mvn --batch-mode --quiet --file conformance/kafka/pom.xml dependency:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$work/classes"

# Before node_modules/.bin came into the path, `node` may be an older one.
export PATH="$PWD/node_modules/.bin:$PATH" KAFKA_CLASSES="$work/classes" KAFKA_WORK="$work"
node --conditions=millrace-source --test --test-concurrency=1 --test-timeout=180000 "${@:-conformance/kafka/*.broker-test.ts}"
