import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, createPoolBed, KINDS } from './pool-bed.ts'
import { UNSTABLE, watchedCall } from './unstable-model-fixture.ts'

for (const kind of KINDS) {
  test(`${kind}: a model that blocks holds up neither the others nor the end`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2, stopTimeoutMs: 50 })
    const model = await bed.load('test', UNSTABLE)
    const { begun, call } = watchedCall()
    const blocked = ask(model, 'block', call)
    const failed = assert.rejects(blocked, { code: 'UNAVAILABLE', message: /stopping/ })
    await begun
    assert.match(await ask(model, 'who'), /\d/)
    const statistics = await bed.pools.statistics()
    assert.deepEqual(new Set(statistics.map(({ isBusy }) => isBusy)), new Set([false, true]))
    assert.deepEqual(new Set(statistics.map(({ inFlightCount }) => inFlightCount)), new Set([0, 1]))
    await bed.pools.close(50)
    await failed
    await assert.rejects(ask(model, 'who'), { code: 'UNAVAILABLE', message: /stopping/ })
    await assert.rejects(bed.load('more', UNSTABLE), { code: 'UNAVAILABLE', message: /stopping/ })
    await bed.pools.close(50)
  })

  test(`${kind}: unloading a model that blocks its worker gets the worker back for others`, async t => {
    const bed = await createPoolBed(t, kind, { stopTimeoutMs: 30 })
    const model = await bed.load('blocking', UNSTABLE)
    const other = await bed.load('other', UNSTABLE)
    const { begun, call } = watchedCall()
    const blocked = assert.rejects(ask(model, 'block', call), { code: 'INTERNAL' })
    await begun
    await model.model.unload().catch(() => undefined)
    await blocked
    assert.match(await ask(other, 'who'), /\d/)
    await assert.rejects(ask(model, 'who'), { code: 'UNAVAILABLE', message: /has been unloaded/ })
  })
}
