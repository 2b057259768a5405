import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toTensor } from '@millrace/sdk'
import fc from 'fast-check'
import { keepTensor } from '../records/kept-tensor.ts'
import { checkField } from './field-checks.ts'
import type { TrainingRange } from './training-ranges.ts'

const LIMITS = { maxCheckedValues: 10_000, maxKeptValues: 256, maxTextBytes: 1_024 }

function check(values: readonly number[], ranges: readonly (TrainingRange | undefined)[], maxShown = 64) {
  const tensor = toTensor({ name: 'x', datatype: 'FP64', shape: [values.length], data: values })
  return checkField(keepTensor(tensor, LIMITS, 1_000_000), ranges, maxShown)
}

suite('checks of a field', () => {
  test('a single value is held against the least and the greatest of training', () => {
    const range = { min: 0, max: 10 }
    assert.deepEqual(check([11], [range]), {
      checked: 2,
      passed: 1,
      shown: [
        { check: false, description: '<= max', threshold: 10, value: 11, metricSpecId: null },
        { check: true, description: '>= min', threshold: 0, value: 11, metricSpecId: null },
      ],
      leftOutCount: 0,
    })
    for (const inside of [0, 10, 5]) assert.equal(check([inside], [range]).passed, 2)
    assert.equal(check([-0.1], [range]).passed, 1)
  })

  test('rows have the same components, and one of which nothing is known is not checked', () => {
    const ranges = [{ min: 0, max: 1 }, undefined, { min: 5, max: 6 }]
    const { checked, passed, shown } = check([0, 99, 5, 2, 99, 7], ranges)
    assert.deepEqual([checked, passed], [8, 6])
    assert.deepEqual(
      shown.slice(0, 2).map(({ description, threshold, value }) => [description, threshold, value]),
      [
        ['x_3 <= max', 1, 2],
        ['x_5 <= max', 6, 7],
      ],
    )
  })

  test('what is no number passes nothing', () => {
    const { passed, shown } = check([Number.NaN], [{ min: 0, max: 1 }])
    assert.deepEqual([passed, shown[0]?.value], [0, null])
  })

  test('of too many checks those that failed are shown', () => {
    const values = Array.from({ length: 100 }, (_, index) => (index === 99 ? 5 : 0))
    const { checked, passed, shown, leftOutCount } = check(values, [{ min: 0, max: 1 }], 3)
    assert.deepEqual([checked, passed, shown.length, leftOutCount], [200, 199, 3, 197])
    assert.deepEqual([shown[0]?.check, shown[0]?.value], [false, 5])
  })

  test('counts are those of the values, whatever they are', () => {
    const values = fc.array(fc.double({ noNaN: true }), { maxLength: 50 })
    fc.assert(
      fc.property(values, fc.double({ noNaN: true }), fc.double({ noNaN: true }), (data, a, b) => {
        const range = { min: Math.min(a, b), max: Math.max(a, b) }
        const { checked, passed, shown, leftOutCount } = check(data, [range], 10)
        assert.equal(checked, 2 * data.length)
        const failed = data.filter(value => value > range.max || value < range.min).length
        assert.equal(checked - passed, failed)
        assert.equal(shown.length + leftOutCount, checked)
        assert.equal(shown.filter(one => !one.check).length, Math.min(failed, 10))
      }),
    )
  })
})
