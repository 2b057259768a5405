import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatencyHistogram } from './latency-histogram.ts'

test('a percentile is at most one bucket above the value it stands for', () => {
  const durations = fc.array(fc.double({ min: 1, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.9, 0.99, 1), (durationsUs, share) => {
      const histogram = new LatencyHistogram()
      for (const durationUs of durationsUs) histogram.add(durationUs)
      const sorted = durationsUs.toSorted((left, right) => left - right)
      const exact = sorted[Math.ceil(sorted.length * share) - 1]!
      const found = histogram.percentileUs(share)
      assert.ok(found >= exact * 0.999 && found <= exact * 1.05, `${found} for ${exact}`)
    }),
  )
})

test('what is faster than a microsecond counts as one', () => {
  const histogram = new LatencyHistogram()
  histogram.add(0)
  assert.ok(histogram.percentileUs(0.5) < 1.05)
})

test('what is slower than the last bucket counts as that', () => {
  const histogram = new LatencyHistogram()
  histogram.add(Number.MAX_VALUE)
  assert.equal(histogram.percentileUs(1), 2 ** 27)
})

test('cleared, it knows nothing of before', () => {
  const histogram = new LatencyHistogram()
  histogram.add(1000)
  histogram.clear()
  assert.equal(histogram.percentileUs(0.5), 0)
  histogram.add(10)
  assert.ok(histogram.percentileUs(1) < 11)
})
