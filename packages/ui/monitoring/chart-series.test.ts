import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldValues, latencySeries, metricSeries, verdictOf } from './chart-series.ts'

const CHECKS = [
  { _hs_timestamp: 2_000, _hs_latency: 7, x: 1, _hs_metric_checks: { outlier: { check: true, value: 0.5 } } },
  { _hs_timestamp: 1_000, _hs_error: 'boom' },
]

test('lines go by time, with gaps where there is nothing', () => {
  assert.deepEqual(latencySeries(CHECKS), { times: [1, 2], values: [null, 7] })
  assert.deepEqual(metricSeries(CHECKS, 'outlier'), { times: [1, 2], values: [null, 0.5] })
})

test('requests with an error or a check that failed have failed', () => {
  assert.deepEqual(CHECKS.map(verdictOf), ['passed', 'failed'])
  const single = { check: false, value: 11, threshold: 10 }
  assert.equal(verdictOf({ _hs_timestamp: 1, _hs_raw_checks: { x: [single] } }), 'failed')
  assert.equal(verdictOf({ _hs_timestamp: 1, _hs_metric_checks: { m: single } }), 'failed')
  assert.equal(verdictOf({ _hs_timestamp: 1, _hs_error: null, _hs_raw_checks: {} }), 'not checked')
  assert.deepEqual(fieldValues(CHECKS[0]!), [['x', 1]])
})
