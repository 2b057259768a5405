import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal } from '../test/serving-bed.ts'
import { requireQuantity } from './require-quantity.ts'

test('quantities are read as Kubernetes writes them', () => {
  const cases: Readonly<Record<string, number>> = {
    '500m': 0.5,
    '2': 2,
    '1.5': 1.5,
    '.5': 0.5,
    '4G': 4e9,
    '512Mi': 512 * 2 ** 20,
    '1Ki': 1_024,
    '1e3': 1_000,
    '+3k': 3_000,
    '250u': 250e-6,
  }
  for (const [text, value] of Object.entries(cases)) assert.equal(requireQuantity(text, 'cpu'), value, text)
})

test('anything else is refused by its name', () => {
  for (const text of ['', '0', '-1', '4 G', 'four', '1e99', '9E', '1'.repeat(400), 'NaN', '4g']) {
    assert.throws(
      () => requireQuantity(text, 'limits.cpu'),
      refusal('INVALID_ARGUMENT', /^limits\.cpu: '/),
      text,
    )
  }
})
