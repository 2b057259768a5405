import assert from 'node:assert/strict'

/** Numbers of two computations in single precision differ by less. */
const TOLERANCE = 2e-5

/** Equal but for the last digits of numbers. */
export function assertClose(actual: unknown, expected: unknown, path = 'answer'): void {
  if (typeof expected === 'number') {
    assert.equal(typeof actual, 'number', path)
    assert.ok(
      Math.abs((actual as number) - expected) < TOLERANCE,
      `${path}: ${String(actual)} and not ${expected}`,
    )
    return
  }
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    assert.deepEqual(actual, expected, path)
    return
  }
  assert.deepEqual(Object.keys(actual), Object.keys(expected), path)
  for (const [name, value] of Object.entries(expected) as [string, unknown][])
    assertClose(Reflect.get(actual, name), value, `${path}.${name}`)
}
