import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoadResult } from './load/load-job.ts'
import { numberText, ratioText, reportOf, spreadText, table } from './report.ts'
import type { LoadScenarioResult } from './scenarios/load-scenario.ts'
import type { StartScenarioResult } from './scenarios/start-scenario.ts'

function run(requests: number, serverCpuMs: number): LoadResult {
  return {
    requests,
    elapsedMs: 1000,
    serverCpuMs,
    clientCpuMs: 250,
    neighbourCpuMs: 20,
    p50Us: 412,
    p99Us: 1234,
    serverResidentBytes: 61_000_000,
  }
}

const LOAD: LoadScenarioResult = {
  kind: 'load',
  name: 'small',
  title: 'Small requests',
  connections: 4,
  streamsPerConnection: 8,
  rows: [
    { label: 'Millrace', runs: [run(20_000, 800), run(10_000, 400)] },
    { label: 'bare', runs: [run(25_000, 800), run(12_500, 400)] },
    { label: 'MLServer', skipped: 'not installed' },
  ],
  comparisons: [
    { of: 'Millrace', against: 'bare', candidates: ['bare'], target: 0.7 },
    { of: 'Millrace', against: 'bare, but more', candidates: ['bare'], target: 0.9 },
    { of: 'Millrace', against: 'MLServer', candidates: ['MLServer'], target: 8 },
  ],
}

const START: StartScenarioResult = {
  kind: 'start',
  name: 'start',
  title: 'Start',
  rows: [
    {
      label: 'Millrace',
      maxStartMs: 2000,
      maxResidentBytes: 60_000_000,
      starts: [{ startToReadyMs: 420, residentBytes: 80_000_000 }],
    },
    { label: 'MLServer', maxStartMs: null, maxResidentBytes: null, skipped: 'not installed' },
  ],
}

const REPORT = reportOf({ conditions: { date: '2026-01-02', 'Node.js': 'v24' }, scenarios: [LOAD, START] })

test('the conditions come with the figures', () => {
  assert.match(REPORT, /\| date \| 2026-01-02 \|\n\| Node.js \| v24 \|/)
})

test('a target is met or not by CPU, and the other ratio stands beside it', () => {
  assert.ok(
    REPORT.includes(
      '| Small requests | Millrace against bare | 0.7 × | 0.80 × (0.80–0.80) | 0.80 × (0.80–0.80) | yes |',
    ),
    REPORT,
  )
  assert.match(REPORT, /against bare, but more \| 0.9 × \| .* \| no \|/)
})

test('who did not take part is named with the reason, and meets nothing', () => {
  assert.ok(REPORT.includes('| Small requests | Millrace against MLServer | 8 × | skipped | skipped |  |'))
  assert.match(REPORT, /\| MLServer \| skipped: not installed \|/)
})

test('one that failed is told apart from one that could not take part', () => {
  const rows = LOAD.rows.map(row => (row.label === 'bare' ? { label: 'bare', failed: 'wrong answer' } : row))
  const report = reportOf({ conditions: {}, scenarios: [{ ...LOAD, rows }] })
  assert.ok(report.includes('| bare | failed: wrong answer |'), report)
  assert.ok(report.includes('| Small requests | Millrace against bare | 0.7 × | failed | failed |  |'))
  assert.ok(report.includes('| Small requests | Millrace against MLServer | 8 × | skipped | skipped |  |'))
})

test('a row of a load has every figure', () => {
  const row =
    '| Millrace | 15 000 (10 000–20 000) | 40.0 (40.0–40.0) | 60 % | 25 % | 2 % | 412 | 1 234 | 61.0 |'
  assert.ok(REPORT.includes(row), REPORT)
  assert.ok(REPORT.includes('4 connections, 8 calls at a time on each.'))
})

test('limits of time and memory are upper limits', () => {
  assert.ok(
    REPORT.includes('| Start | Millrace: start to ready | < 2000 ms | 420 ms (420–420) |  | yes |'),
    REPORT,
  )
  assert.ok(
    REPORT.includes('| Start | Millrace: idle resident memory | < 60 MB | 80.0 MB (80.0–80.0) |  | no |'),
  )
  assert.ok(REPORT.includes('| Millrace | 420 (420–420) | 80.0 (80.0–80.0) |'))
})

test('a table fills up short rows', () => {
  assert.equal(table(['a', 'b'], [['1']]), '| a | b |\n| --- | --- |\n| 1 |  |')
})

test('numbers keep three figures and their thousands apart', () => {
  assert.deepEqual([1234567.8, 1000, 123.4, 12.34, 1.234, 0.1234].map(numberText), [
    '1 234 568',
    '1 000',
    '123',
    '12.3',
    '1.23',
    '0.12',
  ])
})

test('a spread shows its edges', () => {
  assert.equal(spreadText({ median: 20, min: 1, max: 300 }, 'ms'), '20.0 ms (1.00–300)')
  assert.equal(ratioText({ median: 0.845, min: 0.8, max: 12.34 }), '0.84 × (0.80–12.3)')
})
