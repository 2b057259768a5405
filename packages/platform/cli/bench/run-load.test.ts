import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { createLoadRecord } from './load-record.ts'
import { runClosedLoop, runOpenLoop } from './run-load.ts'

const FOREVER = new AbortController().signal
const neverSleeps = () => Promise.reject(new Error('a closed loop does not sleep'))

suite('closed loop', () => {
  test('keeps as many calls running as there are callers, and counts only after the warm-up', async () => {
    // Time passes with calls alone: each takes one millisecond.
    let nowMs = 0
    let running = 0
    let most = 0
    let calls = 0
    const send = async () => {
      most = Math.max(most, ++running)
      calls++
      await Promise.resolve()
      nowMs++
      running--
    }
    const times = {
      warmupMs: 10,
      durationMs: 100,
      stop: FOREVER,
      clock: { now: () => nowMs, sleep: neverSleeps },
    }
    const { requests, errors } = await runClosedLoop(send, 3, times)
    assert.equal(most, 3)
    assert.ok(requests < calls)
    assert.deepEqual(errors, {})
  })

  test('counts failures by code, and leaves them out of the latencies', async () => {
    let nowMs = 0
    const send = async () => {
      nowMs += 10
      if (nowMs % 20 === 0) throw new ServingError('UNAVAILABLE', 'away')
    }
    const times = {
      warmupMs: 0,
      durationMs: 100,
      stop: FOREVER,
      clock: { now: () => nowMs, sleep: neverSleeps },
    }
    const { requests, errors, latencyMs, answersPerSecond } = await runClosedLoop(send, 1, times)
    assert.equal(requests, 10)
    assert.deepEqual(errors, { UNAVAILABLE: 5 })
    assert.equal(answersPerSecond, 50)
    assert.ok(Math.abs(latencyMs!.p50 - 10) < 0.1)
  })
})

suite('open loop', () => {
  test('sends at its rate whether answers come or not', async () => {
    const held = Promise.withResolvers<void>()
    let calls = 0
    const send = () => {
      calls++
      return held.promise
    }
    const load = runOpenLoop(send, 500, 1000, { warmupMs: 0, durationMs: 100, stop: FOREVER })
    const end = setInterval(() => {
      if (calls === 50) held.resolve()
    }, 1)
    const { requests } = await load
    clearInterval(end)
    assert.equal(requests, 50)
  })

  test('measures from when a call was due: a pause shows in all that it delayed', async () => {
    let nowMs = 0
    let calls = 0
    // The first call stands still for 80 ms; the others are answered at once.
    const send = async () => {
      if (calls++ === 0) nowMs = 80
    }
    const clock = { now: () => nowMs, sleep: async (ms: number) => void (nowMs += ms) }
    const times = { warmupMs: 0, durationMs: 150, stop: FOREVER, clock }
    const { requests, latencyMs } = await runOpenLoop(send, 100, 1, times)
    assert.equal(requests, 15)
    // 80, 70 … 10 milliseconds, and seven times nothing; a closed loop would have seen one slow call.
    assert.ok(Math.abs(latencyMs!.mean - 360 / 15) < 0.1)
    assert.ok(Math.abs(latencyMs!.p50 - 10) < 0.1)
  })

  test('tells of calls that could not be sent in time', async () => {
    const release = Promise.withResolvers<void>()
    const load = runOpenLoop(() => release.promise, 100, 1, { warmupMs: 0, durationMs: 100, stop: FOREVER })
    setTimeout(() => release.resolve(), 120)
    const { errors, requests } = await load
    assert.equal(requests, 10)
    // Nine, unless the machine is so busy that the last of them came after the first had been answered.
    assert.deepEqual(Object.keys(errors), ['NOT_SENT'])
    assert.ok(errors['NOT_SENT']! > 0 && errors['NOT_SENT']! <= 9)
  })

  test('ends when it is stopped', async () => {
    const stop = new AbortController()
    const send = async () => stop.abort()
    const { requests, errors } = await runOpenLoop(send, 1, 1, {
      warmupMs: 0,
      durationMs: 3_600_000,
      stop: stop.signal,
    })
    assert.deepEqual([requests, errors], [1, {}])
  })
})

test('a record of nothing has no latencies', () => {
  const record = createLoadRecord()
  record.notSent(0)
  record.failure('anything')
  assert.deepEqual(record.result(0), {
    requests: 1,
    errors: { INTERNAL: 1 },
    answersPerSecond: 0,
    latencyMs: undefined,
  })
})
