import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admission } from './admission.ts'

test('lets in as many as there are places', () => {
  const admission = new Admission({ maxConcurrentRequests: 2, maxInFlightBytes: 10 })
  assert.equal(admission.tryEnter(), true)
  assert.equal(admission.tryEnter(), true)
  assert.equal(admission.tryEnter(), false)
  assert.equal(admission.runningCount, 2)
  admission.leave()
  assert.equal(admission.tryEnter(), true)
  assert.equal(admission.bodyBytes.limitBytes, 10)
})
