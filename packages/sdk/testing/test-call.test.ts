import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { SILENT_CONTEXT } from '../test/model-call.ts'
import { beginCall } from './test-call.ts'

const { log, metrics } = SILENT_CONTEXT

test('without options nothing limits a call', () => {
  using call = beginCall({}, {}, SILENT_CONTEXT)
  assert.equal(call.context.deadlineMs, Infinity)
  assert.equal(call.context.signal.aborted, false)
  assert.deepEqual(call.context.headers, {})
  assert.deepEqual([call.context.log, call.context.metrics], [log, metrics])
})

test('the headers of a call go before those of all calls, whatever their case', () => {
  using call = beginCall({ headers: { 'X-User': 'ann' } }, { 'x-user': 'bob', Accept: '*/*' }, SILENT_CONTEXT)
  assert.deepEqual(call.context.headers, { 'x-user': 'ann', accept: '*/*' })
})

test('keeps the headers that the model sets', () => {
  using call = beginCall({}, {}, SILENT_CONTEXT)
  call.context.setHeader('X-Cache', 'miss')
  call.context.setHeader('x-cache', 'hit')
  assert.deepEqual(call.responseHeaders, { 'x-cache': 'hit' })
})

test('a client that goes away aborts the signal with its reason', () => {
  const client = new AbortController()
  using call = beginCall({ signal: client.signal }, {}, SILENT_CONTEXT)
  const reason = new Error('gone')
  client.abort(reason)
  assert.equal(call.context.signal.reason, reason)
})

test('the deadline aborts the signal when it passes', async () => {
  const deadlineMs = Date.now() + 5
  using call = beginCall({ deadlineMs, signal: new AbortController().signal }, {}, SILENT_CONTEXT)
  const { signal } = call.context
  assert.equal(call.context.deadlineMs, deadlineMs)
  if (!signal.aborted) await once(signal, 'abort')
  assert.throws(() => signal.throwIfAborted(), {
    code: 'DEADLINE_EXCEEDED',
    message: 'the deadline has passed',
  })
})

test('a deadline that has passed aborts at once', () => {
  using call = beginCall({ deadlineMs: Date.now() - 1 }, {}, SILENT_CONTEXT)
  assert.equal(call.context.signal.aborted, true)
})

test('a deadline beyond what a timer can wait for does not fire early', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  using call = beginCall({ deadlineMs: Date.now() + 2 ** 31 }, {}, SILENT_CONTEXT)
  t.mock.timers.tick(2 ** 31 - 1)
  assert.equal(call.context.signal.aborted, false)
})

test('a call that is over has no clock running', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const call = beginCall({ deadlineMs: Date.now() + 10 }, {}, SILENT_CONTEXT)
  call[Symbol.dispose]()
  t.mock.timers.tick(20)
  assert.equal(call.context.signal.aborted, false)
})
