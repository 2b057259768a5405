import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growthOf, isBeyond, LIVE_LIMIT, type MemorySample, RSS_LIMIT } from './memory-growth.ts'

const MIB = 1_048_576

function samples(liveBytesAt: (inputCount: number) => number): readonly MemorySample[] {
  return Array.from({ length: 10 }, (_, index) => {
    const inputCount = index * 5000
    return { inputCount, liveBytes: liveBytesAt(inputCount), rssBytes: 0, resources: {} }
  })
}

function growth(liveBytesAt: (inputCount: number) => number) {
  return growthOf(samples(liveBytesAt), sample => sample.liveBytes)
}

test('one forgotten entry for each input is beyond the limit', () => {
  const leak = growth(inputCount => 30 * MIB + inputCount * 100)
  assert.equal(leak.bytesPerInput, 100)
  assert.equal(leak.totalBytes, 4_500_000)
  assert.equal(isBeyond(leak, LIVE_LIMIT), true)
})

test('one sample that sticks out does not make a leak', () => {
  const spike = growth(inputCount => (inputCount === 45_000 ? 60 * MIB : 30 * MIB))
  assert.equal(spike.bytesPerInput, 0)
  assert.equal(isBeyond(spike, LIVE_LIMIT), false)
})

test('growth within the noise is none, however steep', () => {
  assert.equal(isBeyond({ bytesPerInput: 5000, totalBytes: 900_000 }, LIVE_LIMIT), false)
  assert.equal(isBeyond({ bytesPerInput: 5000, totalBytes: 10 * MIB }, RSS_LIMIT), false)
  assert.equal(isBeyond({ bytesPerInput: 5000, totalBytes: 40 * MIB }, RSS_LIMIT), true)
})
