import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Latencies } from './latencies.ts'

test('a share of the times is found among them, whatever their order', () => {
  const times = new Latencies()
  assert.ok(Number.isNaN(times.at(0.99)) && Number.isNaN(times.within(1)))
  for (let time = 100; time > 0; time--) times.add(time)
  assert.deepEqual([times.at(0.5), times.at(0.99), times.at(1)], [50, 99, 100])
  assert.deepEqual([times.within(0), times.within(25), times.within(100)], [0, 0.25, 1])
})
