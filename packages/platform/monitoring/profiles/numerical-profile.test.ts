import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { BARS_MAX, createBinaryHistogram } from './binary-histogram.ts'
import { createDistinctCount, DISTINCT_STANDARD_ERROR, EXACT_MAX } from './distinct-count.ts'
import { createNumericalProfile, type NumericalState } from './numerical-profile.ts'
import { createQuantileDigest } from './quantile-digest.ts'

const NUMBERS = fc.double({ noNaN: true, noDefaultInfinity: true })
const USUAL = fc.double({ noNaN: true, min: -1e6, max: 1e6 })

function profileOf(values: readonly number[]) {
  const profile = createNumericalProfile()
  for (const value of values) profile.add(value)
  return profile
}

/** As a database gives it back. */
function restored(state: NumericalState): NumericalState {
  return JSON.parse(JSON.stringify(state)) as NumericalState
}

function near(actual: number | null, expected: number, scale: number): void {
  assert.ok(actual !== null && Math.abs(actual - expected) <= 1e-9 * scale, `${actual} is not ${expected}`)
}

/** A sequence of numbers in 0…1 that is the same each time. */
function* randomShares(): Generator<number, never> {
  for (let bits = 12_345; ; ) {
    bits = (Math.imul(bits, 1_664_525) + 1_013_904_223) >>> 0
    yield bits / 2 ** 32
  }
}

function randomNumbers(count: number): number[] {
  return randomShares().take(count).toArray()
}

suite('a numerical profile', () => {
  test('of a few numbers says what can be worked out by hand', () => {
    const profile = profileOf([2, 4, 4, 4, 5, 5, 7, 9, Number.NaN, Number.POSITIVE_INFINITY])
    const { commonStatistics, quantileStatistics, descriptiveStatistics, histogram } = profile.view()
    assert.deepEqual(commonStatistics, { count: 10, distinctCount: 5, missing: 2, distinctCountError: 0 })
    assert.partialDeepStrictEqual(quantileStatistics, {
      min: 2,
      max: 9,
      median: 4.5,
      q1: 4,
      q3: 5.5,
      range: 7,
      interquartileRange: 1.5,
    })
    const { mean, variance, skewness, kurtosis, variationCoef } = descriptiveStatistics
    assert.equal(mean, 5)
    near(variance, 32 / 7, 1)
    near(variationCoef, 20 * Math.sqrt(32 / 7), 1)
    near(skewness, 42 / 8 / 8, 1)
    near(kurtosis, 356 / 8 / 16 - 3, 1)
    assert.equal(histogram.bars, histogram.frequencies.length)
    assert.equal(histogram.bars, histogram.bins.length)
    assert.equal(
      histogram.frequencies.reduce((sum, count) => sum + count),
      8,
    )
    assert.ok(histogram.min! <= 2 && histogram.max! > 9)
  })

  test('of nothing, of one number and of one number only is written without what is not known', () => {
    const empty = createNumericalProfile().view()
    assert.deepEqual(
      [...Object.values(empty.quantileStatistics), ...Object.values(empty.descriptiveStatistics)].filter(
        value => value !== null,
      ),
      [],
    )
    const missing = createNumericalProfile()
    missing.addMissing()
    assert.deepEqual(restored(missing.state()), missing.state())
    assert.equal(missing.view().commonStatistics.missing, 1)
    const one = profileOf([3]).view()
    assert.equal(one.descriptiveStatistics.variance, null)
    assert.equal(one.quantileStatistics.median, 3)
    const same = profileOf([7, 7, 7]).view()
    assert.deepEqual(same.histogram, { min: 7, max: 7, step: 0, bars: 1, frequencies: [3], bins: [7] })
    assert.equal(same.descriptiveStatistics.variance, 0)
    assert.equal(same.descriptiveStatistics.skewness, null)
  })

  test('is the same however values are divided among profiles that are merged', () => {
    fc.assert(
      fc.property(fc.array(fc.array(USUAL, { maxLength: 60 }), { maxLength: 6 }), parts => {
        const whole = profileOf(parts.flat()).view()
        const merged = createNumericalProfile()
        for (const part of parts) merged.merge(restored(profileOf(part).state()))
        const view = merged.view()
        assert.deepEqual(view.commonStatistics, whole.commonStatistics)
        assert.deepEqual(view.histogram, whole.histogram)
        assert.equal(view.quantileStatistics.min, whole.quantileStatistics.min)
        assert.equal(view.quantileStatistics.max, whole.quantileStatistics.max)
        const { mean, variance } = whole.descriptiveStatistics
        const range = whole.quantileStatistics.range ?? 0
        if (mean !== null) near(view.descriptiveStatistics.mean, mean, 1 + Math.abs(mean) + range)
        if (variance !== null) near(view.descriptiveStatistics.variance, variance, 1 + range * range)
      }),
    )
  })

  test('is bounded and written as JSON whatever numbers come', () => {
    fc.assert(
      fc.property(fc.array(NUMBERS, { maxLength: 400 }), values => {
        const profile = profileOf(values)
        const again = createNumericalProfile(restored(profile.state()))
        assert.deepEqual(restored(again.state()).histogram, restored(profile.state()).histogram)
        const { histogram, quantileStatistics } = again.view()
        assert.ok(histogram.bars <= BARS_MAX)
        assert.equal(
          histogram.frequencies.reduce((sum, count) => sum + count, 0),
          values.length,
        )
        const sorted = values.map(value => (value === 0 ? 0 : value)).toSorted((a, b) => a - b)
        if (values.length > 0) {
          assert.equal(quantileStatistics.min, sorted[0])
          assert.equal(quantileStatistics.max, sorted.at(-1))
        }
        assert.doesNotMatch(JSON.stringify(again.view()), /NaN|Infinity/)
      }),
    )
  })

  test('keeps the digits of large numbers that differ little', () => {
    const view = profileOf([4, 7, 13, 16].map(value => value + 1e9)).view()
    near(view.descriptiveStatistics.variance, 30, 1)
    near(view.descriptiveStatistics.skewness, 0, 1)
  })
})

test('quantiles are as exact as is said, after merging too', () => {
  const digest = createQuantileDigest()
  const parts = [createQuantileDigest(), createQuantileDigest(), createQuantileDigest()]
  const values = randomNumbers(30_000).map(share => -Math.log(1 - share) * 1000)
  for (const [index, value] of values.entries()) {
    digest.add(value)
    parts[index % 3]!.add(value)
  }
  const merged = createQuantileDigest()
  for (const part of parts) merged.merge(part.state())
  values.sort((a, b) => a - b)
  for (const tested of [digest, merged]) {
    assert.ok(tested.state().length / 2 <= 256, `${tested.state().length / 2} groups`)
    for (const share of [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999]) {
      const answer = tested.quantile(share)!
      const rank = values.findIndex(value => value >= answer) / values.length
      const allowed = ((2 * Math.PI) / 100) * Math.sqrt(share * (1 - share)) + 1 / values.length
      assert.ok(Math.abs(rank - share) <= allowed, `${share}: ${rank} is off by more than ${allowed}`)
    }
  }
})

test('different values are counted one by one, then by estimate', () => {
  const distinct = createDistinctCount()
  for (let value = 0; value < EXACT_MAX; value++) distinct.add(value)
  assert.deepEqual([distinct.count(), distinct.isExact()], [EXACT_MAX, true])
  const other = createDistinctCount()
  for (const value of randomNumbers(20_000)) other.add(value)
  for (const value of randomNumbers(20_000)) other.add(value)
  other.merge(distinct.state())
  assert.equal(other.isExact(), false)
  const expected = 20_000 + EXACT_MAX
  assert.ok(Math.abs(other.count() / expected - 1) < 3 * DISTINCT_STANDARD_ERROR, `${other.count()}`)
  const texts = createDistinctCount()
  for (let value = 0; value < 5000; value++) texts.add(`${'long '.repeat(20)}${value}`)
  assert.ok(Math.abs(texts.count() / 5000 - 1) < 3 * DISTINCT_STANDARD_ERROR, `${texts.count()}`)
})

test('zero has one bar, whatever its sign', () => {
  const histogram = createBinaryHistogram()
  histogram.add(-0)
  histogram.add(0)
  assert.deepEqual(histogram.state(), { exponent: -1074, first: 0, counts: [2] })
})

test('bars are exact whatever came first', () => {
  fc.assert(
    fc.property(fc.array(NUMBERS, { minLength: 1, maxLength: 50 }), values => {
      const forwards = createBinaryHistogram()
      for (const value of values) forwards.add(value)
      const backwards = createBinaryHistogram()
      for (const value of values.toReversed()) backwards.add(value)
      assert.deepEqual(forwards.state(), backwards.state())
      const { exponent, first, counts } = forwards.state()!
      for (const [index, count] of counts.entries()) {
        const [from, to] = [(first + index) * 2 ** exponent, (first + index + 1) * 2 ** exponent]
        const inBar = values.filter(value => value >= from && value < to)
        assert.equal(inBar.length, count)
      }
    }),
  )
})
