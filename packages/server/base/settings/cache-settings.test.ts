import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadServerSettings } from './load-server-settings.ts'

async function memoryOf(flags: Readonly<Record<string, unknown>>) {
  const { settings } = await loadServerSettings({ flags, environment: {} })
  return settings.modelMemory
}

test('without a budget models share nothing', async () => {
  assert.equal(await memoryOf({ model_memory_idle: 5 }), undefined)
})

test('a budget brings defaults; seconds become milliseconds', async () => {
  const defaults = {
    budgetBytes: 65_536,
    maxLoads: 4,
    maxWaiting: 1000,
    idleMs: undefined,
    copyRate: 2000,
    leastAgeMs: 0,
    firstRetryMs: 5000,
    longestRetryMs: 300_000,
    failureExpiryMs: 900_000,
  }
  assert.deepEqual(await memoryOf({ model_memory_budget: 65_536 }), defaults)
  assert.deepEqual(
    await memoryOf({ model_memory_budget: 65_536, model_memory_idle: 1.5, model_memory_churn_age: 2 }),
    { ...defaults, idleMs: 1500, leastAgeMs: 2000 },
  )
})

for (const [name, value] of [
  ['model_memory_budget', 65_535],
  ['model_memory_budget', 1024 ** 4 + 1],
  ['model_memory_max_loads', 0],
  ['model_memory_max_waiting', 1_000_001],
  ['model_memory_idle', 0],
  ['model_memory_copy_rate', 0],
  ['model_memory_copy_rate', 1_000_000_001],
  ['model_memory_churn_age', -1],
  ['model_memory_retry', 604_801],
] as const) {
  test(`${name} is not ${value}`, async () => {
    await assert.rejects(memoryOf({ [name]: value }), { code: 'INVALID_ARGUMENT', message: new RegExp(name) })
  })
}
