import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createTurns } from './turns.ts'

const { signal: never } = new AbortController()

test('tasks run one at a time, in order, whatever becomes of those before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 12 }), async failures => {
      const turns = createTurns()
      const order: number[] = []
      let active = 0
      const results = failures.map((fails, index) =>
        turns.take(never, async () => {
          assert.equal(active++, 0)
          order.push(index)
          await new Promise(resolve => setImmediate(resolve))
          active--
          if (fails) throw new Error(`task ${index}`)
          return index
        }),
      )
      const settled = await Promise.allSettled(results)
      assert.deepEqual(
        settled.map(({ status }) => status === 'rejected'),
        failures,
      )
      assert.deepEqual(order, [...failures.keys()])
    }),
    { numRuns: 30 },
  )
})

test('who gives up while it waits is gone at once, and the others keep their turns', async () => {
  const turns = createTurns()
  const { promise: first, resolve: endFirst } = Promise.withResolvers<void>()
  const running = turns.take(never, () => first)
  const giveUp = new AbortController()
  const second = turns.take(giveUp.signal, () => assert.fail('it has no turn'))
  let hasThirdRun = false
  const third = turns.take(never, async () => {
    hasThirdRun = true
  })
  giveUp.abort(new Error('given up'))
  await assert.rejects(second, /given up/)
  assert.equal(hasThirdRun, false)
  endFirst()
  await Promise.all([running, third])
  assert.equal(hasThirdRun, true)
})

test('a task that never ends has its turn until its signal is aborted', async () => {
  const turns = createTurns()
  const timeout = new AbortController()
  void turns.take(timeout.signal, () => new Promise(() => {}))
  const next = turns.take(never, () => Promise.resolve('next'))
  timeout.abort()
  assert.equal(await next, 'next')
})

test('who comes with an aborted signal has no turn', async () => {
  const turns = createTurns()
  await assert.rejects(
    turns.take(AbortSignal.abort(new Error('late')), () => assert.fail()),
    /late/,
  )
  assert.equal(await turns.take(never, () => Promise.resolve(1)), 1)
})
