import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRunQueue } from './run-queue.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('runs go ahead one at a time, in order, with the event loop between them', async () => {
  const queue = createRunQueue()
  const events: string[] = []
  let active = 0
  const runs = ['a', 'b', 'c'].map(name =>
    queue.run(undefined, async () => {
      assert.equal(active++, 0)
      await turn()
      events.push(name)
      active--
    }),
  )
  setImmediate(() => setImmediate(() => events.push('other')))
  await Promise.all(runs)
  assert.deepEqual(events, ['a', 'b', 'other', 'c'])
})

test('a request that is withdrawn while it waits is not run, and the next is', async () => {
  const queue = createRunQueue()
  const withdrawn = new AbortController()
  const first = queue.run(undefined, turn)
  const second = queue.run(withdrawn.signal, () => assert.fail('it is run'))
  const third = queue.run(undefined, () => Promise.resolve('third'))
  withdrawn.abort(new Error('gone'))
  await assert.rejects(second, /gone/)
  await first
  assert.equal(await third, 'third')
  await assert.rejects(
    queue.run(AbortSignal.abort(new Error('late')), () => assert.fail('it is run')),
    /late/,
  )
})

test('a run that fails leaves its turn to the next', async () => {
  const queue = createRunQueue()
  const failing = queue.run(undefined, async () => {
    await turn()
    throw new Error('no')
  })
  const next = queue.run(undefined, () => Promise.resolve('next'))
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'next')
  assert.equal(await queue.run(undefined, () => Promise.resolve('idle')), 'idle')
})
