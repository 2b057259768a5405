import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createBackoff } from './backoff.ts'
import type { ServableState } from './deploy-driver.ts'
import { servableStatus } from './servable-status.ts'

test('delays double up to a minute, and begin anew', () => {
  const backoff = createBackoff(1000, () => 1)
  const delays = Array.from({ length: 8 }, backoff.next)
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
  backoff.reset()
  assert.equal(backoff.next(), 1000)
  assert.equal(createBackoff(90_000, () => 0).next(), 45_000)
})

test('delays lie between half of what is due and all of it', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.array(random, { minLength: 1, maxLength: 20 }), randoms => {
      const left = [...randoms]
      const backoff = createBackoff(1000, () => left.shift()!)
      let dueMs = 1000
      for (const _ of randoms) {
        const delayMs = backoff.next()
        assert.equal(delayMs >= dueMs / 2 && delayMs <= dueMs, true)
        dueMs = Math.min(60_000, dueMs * 2)
      }
    }),
  )
})

const status = (state: ServableState) => ({ state, message: state === 'Serving' ? null : `it is ${state}` })

test('a servable is as well as its replicas', () => {
  for (const [states, hasServed, state, message] of [
    [['Serving', 'Serving'], false, 'Serving', null],
    [['Serving', 'Starting'], false, 'Starting', '1 of 2 replicas serve; it is Starting'],
    [['Serving', 'Starting'], true, 'Serving', '1 of 2 replicas serve; it is Starting'],
    [
      ['Starting', 'NotAvailable', 'NotServing'],
      true,
      'NotServing',
      '0 of 3 replicas serve; it is NotServing',
    ],
    [['Starting', 'NotAvailable'], false, 'NotAvailable', '0 of 2 replicas serve; it is NotAvailable'],
    [['NotServing'], true, 'NotServing', 'it is NotServing'],
  ] as const) {
    assert.deepEqual(servableStatus(states.map(status), hasServed), { state, message })
  }
})
