import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStartSlots } from './start-slots.ts'

const { signal } = new AbortController()

test('turns are taken one after another, and those who leave are passed over', async () => {
  const slots = createStartSlots(1)
  const release = await slots.take(signal)
  const leaving = new AbortController()
  const order: string[] = []
  const left = slots.take(leaving.signal)
  const second = slots.take(signal).then(release => {
    order.push('second')
    return release
  })
  const third = slots.take(signal).then(release => {
    order.push('third')
    return release
  })
  leaving.abort(new Error('enough'))
  await assert.rejects(left, { message: 'enough' })
  assert.deepEqual(order, [])
  release()
  release()
  const releaseSecond = await second
  await new Promise(setImmediate)
  assert.deepEqual(order, ['second'])
  releaseSecond()
  const releaseThird = await third
  releaseThird()
  await assert.rejects(slots.take(AbortSignal.abort(new Error('too late'))), { message: 'too late' })
})

test('a slow one does not keep the others for ever', async () => {
  const slots = createStartSlots(1, 10)
  const keepAlive = setInterval(() => {}, 1000)
  await slots.take(signal)
  await slots.take(signal)
  clearInterval(keepAlive)
})
