import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from './comparison.ts'
import type { LoadResult } from './load/load-job.ts'
import type { LoadRow } from './scenarios/load-scenario.ts'

function run(requests: number, serverCpuMs: number): LoadResult {
  return {
    requests,
    elapsedMs: 1000,
    serverCpuMs,
    clientCpuMs: 100,
    neighbourCpuMs: null,
    p50Us: 50,
    p99Us: 99,
    serverResidentBytes: 50_000_000,
  }
}

const ROWS: readonly LoadRow[] = [
  { label: 'ours', runs: [run(1000, 100), run(500, 100)] },
  { label: 'slow', runs: [run(100, 900), run(100, 900)] },
  { label: 'quick', runs: [run(500, 100), run(250, 100)] },
  { label: 'absent', skipped: 'not installed' },
]

test('a ratio above one means that ours needs less and does more', () => {
  const ratios = compare(ROWS, { of: 'ours', against: 'it', candidates: ['quick'], target: null })
  assert.equal(ratios?.cpu.median, 2)
  assert.equal(ratios?.throughput.median, 2)
})

test('of several others the one that needs least CPU counts', () => {
  const candidates = ['slow', 'quick']
  assert.equal(compare(ROWS, { of: 'ours', against: 'it', candidates, target: 1 })?.cpu.median, 2)
})

test('one that did not take part leaves the choice to the rest', () => {
  const candidates = ['absent', 'slow']
  assert.equal(compare(ROWS, { of: 'ours', against: 'it', candidates, target: 1 })?.cpu.median, 67.5)
})

test('without an other there is no ratio', () => {
  assert.equal(compare(ROWS, { of: 'ours', against: 'it', candidates: ['absent'], target: 1 }), null)
  assert.equal(compare(ROWS, { of: 'absent', against: 'it', candidates: ['quick'], target: 1 }), null)
})
