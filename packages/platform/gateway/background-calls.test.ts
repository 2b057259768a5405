import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackgroundCalls } from './background-calls.ts'

test('what is beyond the bound, in number or bytes, is left out and counted', async () => {
  const dropped: number[] = []
  const calls = createBackgroundCalls({
    maxCalls: 2,
    maxBytes: 100,
    onDrop: count => void dropped.push(count),
  })
  const hold = Promise.withResolvers<void>()
  const started: string[] = []
  const start = (name: string, sizeBytes: number) =>
    calls.start(sizeBytes, async () => {
      started.push(name)
      await hold.promise
      throw new Error('nobody hears of it')
    })
  start('a', 60)
  start('too large', 41)
  start('b', 40)
  start('too many', 0)
  assert.deepEqual(started, [], 'nothing begins before what is being done now')
  assert.deepEqual(dropped, [1, 2])
  assert.equal(calls.runningCount, 2)
  hold.resolve()
  while (calls.runningCount > 0) await new Promise(resolve => void setImmediate(resolve))
  assert.deepEqual(started, ['a', 'b'])
  start('c', 100)
  await calls.close()
  assert.equal(calls.droppedCount, 2)
})

test('closing ends what runs and starts nothing more', async () => {
  const calls = createBackgroundCalls({ maxCalls: 2, maxBytes: 100, onDrop: () => undefined })
  const running = Promise.withResolvers<void>()
  calls.start(1, signal => {
    running.resolve()
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  })
  await running.promise
  await calls.close()
  calls.start(1, () => assert.fail('started after the end'))
  assert.equal(calls.runningCount, 0)
})
