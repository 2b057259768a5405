import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '@millrace/sdk'
import { applicationTarget, askApplication } from './application-target.ts'
import { createBackgroundCalls } from './background-calls.ts'
import { createFigureTable } from './call-figures.ts'
import { compileSignature } from './servable-target.ts'
import { double, SCALER, xs } from './test/scaler.ts'
import { application, servable } from './test/table-fixture.ts'

/** Numbers from 0 up to 1 that are the same with every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

test('of ten thousand answers each variant gives its share, and shadows give none', async () => {
  const background = createBackgroundCalls({
    maxCalls: 30_000,
    maxBytes: 2 ** 30,
    onDrop: () => assert.fail(),
  })
  const asked = [0, 0, 0]
  const figures = createFigureTable()
  const servables = asked.map((_, index) => servable(`s-${index}-a`, SCALER, []))
  const targets = servables.map((servable, index) => ({
    servable,
    signature: compileSignature(servable),
    figures: figures.of(servable.name),
    // In place of connections.
    pool: {
      predict() {
        asked[index]!++
        return Promise.resolve([double('total', [], index)])
      },
      update: () => undefined,
      endpointCount: 1,
      hold: () => () => undefined,
      close: () => Promise.resolve(),
    },
    demand: null,
  }))
  const weights = [80, 0, 20]
  const app = application(
    'app',
    servables.map((servable, index) => [servable, weights[index]!] as const),
  )
  const target = applicationTarget(app, [targets], figures)
  const limits = { servableTimeoutMs: 60_000, backgroundTimeoutMs: 60_000, startTimeoutMs: 60_000 }
  const parts = { random: seeded(5), background, limits }
  const answered = [0, 0, 0]
  const call = {
    requestId: 'r',
    headers: {},
    signal: new AbortController().signal,
    deadlineMs: Infinity,
    record: null,
  }
  for (let count = 0; count < 10_000; count++) {
    const [output] = await askApplication(target, [xs(1, 2)], call, parts)
    answered[Number((output as Tensor).data[0 as never])]!++
  }
  while (background.runningCount > 0) await new Promise(resolve => void setImmediate(resolve))
  assert.equal(answered[1], 0)
  assert.ok(answered[0]! > 7800 && answered[0]! < 8200, String(answered))
  assert.deepEqual(asked, [10_000, 10_000, 10_000])
})
