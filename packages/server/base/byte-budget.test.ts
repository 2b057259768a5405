import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ByteBudget } from './byte-budget.ts'

test('reserves up to the limit and not a byte more', () => {
  const budget = new ByteBudget(10)
  assert.equal(budget.tryReserve(4), true)
  assert.equal(budget.tryReserve(6), true)
  assert.equal(budget.tryReserve(1), false)
  assert.equal(budget.heldBytes, 10)
  budget.release(6)
  assert.equal(budget.tryReserve(6), true)
  assert.equal(budget.limitBytes, 10)
})

test('a refused reservation takes nothing', () => {
  const budget = new ByteBudget(10)
  assert.equal(budget.tryReserve(11), false)
  assert.equal(budget.heldBytes, 0)
})

test('never holds more than the limit, and nothing after all is released', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.array(fc.nat(600)), (limitBytes, sizes) => {
      const budget = new ByteBudget(limitBytes)
      const reserved: number[] = []
      for (const sizeBytes of sizes) {
        if (budget.tryReserve(sizeBytes)) reserved.push(sizeBytes)
        assert.ok(budget.heldBytes <= limitBytes)
      }
      for (const sizeBytes of reserved) budget.release(sizeBytes)
      assert.equal(budget.heldBytes, 0)
    }),
  )
})
