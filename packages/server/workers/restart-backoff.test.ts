import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartBackoff } from './restart-backoff.ts'

/** The pauses after workers that each lived as long, and were there as soon after their pause. */
function pauses(lives: readonly { readonly startMs: number; readonly livedMs: number }[]) {
  let nowMs = 5000
  const backoff = new RestartBackoff(nowMs)
  return lives.map(({ startMs, livedMs }) => {
    nowMs += startMs
    backoff.joined(nowMs)
    nowMs += livedMs
    const pauseMs = backoff.ended(nowMs)
    nowMs += pauseMs
    return pauseMs
  })
}

test('workers that end as soon as they are there are replaced later and later', () => {
  const lives = Array.from({ length: 11 }, () => ({ startMs: 50, livedMs: 500 }))
  assert.deepEqual(pauses(lives), [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
})

test('workers that are ended from outside every few seconds are replaced at once, each time', () => {
  const lives = Array.from({ length: 50 }, () => ({ startMs: 1500, livedMs: 5000 }))
  assert.deepEqual(new Set(pauses(lives)), new Set([100]))
})

test('a worker must have lived for longer than it took to replace the one before', () => {
  const slow = { startMs: 10_000, livedMs: 9000 }
  assert.deepEqual(pauses([slow, slow, slow, { ...slow, livedMs: 11_000 }]), [100, 200, 400, 100])
})

test('workers that end before they have joined count as having lived not at all', () => {
  const backoff = new RestartBackoff(0)
  assert.deepEqual([backoff.ended(60_000), backoff.ended(120_000), backoff.isLong], [100, 200, false])
  assert.deepEqual([backoff.ended(180_000), backoff.ended(240_000), backoff.ended(300_000)], [400, 800, 1600])
  assert.equal(backoff.isLong, true)
})
