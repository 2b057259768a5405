import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { array, assert as check, integer, property, tuple } from 'fast-check'
import { callerAt, createRateLimit, type RateLimit } from './rate-limit.ts'

function refusalOf(limit: RateLimit, caller: string): ServingError | undefined {
  try {
    limit.take(caller)
    return undefined
  } catch (error) {
    assert.ok(ServingError.is(error))
    return error
  }
}

test('a burst, and then as fast as the rate', () => {
  let nowMs = 1000
  const limit = createRateLimit({ requestsPerSecond: 4, burst: 3 }, () => nowMs)
  for (let count = 0; count < 3; count++) limit.take('a')
  const refusal = refusalOf(limit, 'a')
  assert.equal(refusal?.code, 'RESOURCE_EXHAUSTED')
  assert.equal(refusal.retryAfterMs, 250)
  assert.equal(refusal.message, 'the caller has sent too many requests; allowed are 4 per second, 3 at once')
  nowMs += 249
  assert.equal(refusalOf(limit, 'a')?.retryAfterMs, 1)
  nowMs += 1
  assert.equal(refusalOf(limit, 'a'), undefined)
  assert.notEqual(refusalOf(limit, 'a'), undefined)
})

test('callers do not share', () => {
  const limit = createRateLimit({ requestsPerSecond: 1, burst: 1 }, () => 0)
  limit.take('a')
  assert.notEqual(refusalOf(limit, 'a'), undefined)
  assert.equal(refusalOf(limit, 'b'), undefined)
})

test('the table of callers is bounded', () => {
  const limit = createRateLimit({ requestsPerSecond: 1, burst: 1 }, () => 0)
  for (let index = 0; index < 10_100; index++) limit.take(`caller ${index}`)
  assert.equal(limit.callerCount, 10_000)
  assert.notEqual(refusalOf(limit, 'caller 10099'), undefined)
})

test('never more than the burst and the rate allow, and a hint that is right', () => {
  const steps = array(tuple(integer({ min: 0, max: 3000 }), integer({ min: 1, max: 5 })), { maxLength: 40 })
  check(
    property(integer({ min: 1, max: 20 }), integer({ min: 1, max: 10 }), steps, (rate, burst, moments) => {
      let nowMs = 0
      let admitted = 0
      const limit = createRateLimit({ requestsPerSecond: rate, burst }, () => nowMs)
      for (const [waitMs, count] of moments) {
        nowMs += waitMs
        for (let index = 0; index < count; index++) {
          const refusal = refusalOf(limit, 'a')
          if (refusal === undefined) {
            admitted += 1
            continue
          }
          nowMs += refusal.retryAfterMs ?? 0
          assert.equal(refusalOf(limit, 'a'), undefined)
          admitted += 1
        }
        assert.ok(admitted <= burst + (nowMs * rate) / 1000 + 1e-5)
      }
    }),
  )
})

test('addresses: both notations of IPv4, networks of IPv6', () => {
  const cases: [address: string, caller: string][] = [
    ['192.0.2.1', 'address 192.0.2.1'],
    ['::ffff:192.0.2.1', 'address 192.0.2.1'],
    ['::1', 'address 0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', 'address 2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', 'address 2001:db8:1:2::/64'],
    ['2001:db8::9', 'address 2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'address fe80:0:0:0::/64'],
    ['', 'address '],
  ]
  for (const [address, caller] of cases) assert.equal(callerAt(address), caller)
})
