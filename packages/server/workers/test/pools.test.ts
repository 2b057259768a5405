import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bindModel, ServingError } from '@millrace/sdk'
import { createWorkerPools } from '../index.ts'
import { ask, createPoolBed, KINDS, modelCode } from './pool-bed.ts'

const WHO = modelCode(
  `unload() { if (this.settings.extra.isBad) throw new RangeError('not now') }
  predict() { return say(threadId || process.pid) }`,
  `import { threadId } from 'node:worker_threads'`,
)

for (const kind of KINDS) {
  test(`${kind}: models share a pool unless they name one or ask for their own`, async t => {
    const bed = await createPoolBed(t, kind)
    const load = (name: string, parameters: Readonly<Record<string, unknown>> = {}) =>
      bed.load(name, WHO, { parameters })
    const [a, b, c, d, e, f] = await Promise.all([
      load('a'),
      load('b'),
      load('c', { inference_pool_gid: 'group' }),
      // A pool that is named wins over one that is made up.
      load('d', { inference_pool_gid: 'group', autogenerate_inference_pool_gid: true }),
      load('e', { autogenerate_inference_pool_gid: true }),
      load('f', { autogenerate_inference_pool_gid: true }),
    ])
    const ids = await Promise.all([a, b, c, d, e, f].map(model => ask(model, 'who')))
    assert.equal(ids[0], ids[1])
    assert.equal(ids[2], ids[3])
    assert.equal(new Set(ids).size, 4)
    const poolNames = async () => (await bed.pools.statistics()).map(({ pool }) => pool)
    assert.equal((await poolNames()).length, 4)

    await c.model.unload()
    assert.ok((await poolNames()).includes('group'))
    await assert.rejects(ask(c, 'who'), { code: 'UNAVAILABLE', message: /has been unloaded/ })
    assert.equal(await ask(d, 'who'), ids[2])
    await d.model.unload()
    assert.ok(!(await poolNames()).includes('group'))
    const again = await load('c', { inference_pool_gid: 'group' })
    assert.notEqual(await ask(again, 'who'), ids[2])
  })

  test(`${kind}: a version is loaded beside the one before, of changed code too`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2 })
    const old = await bed.load('test', modelCode(`predict() { return say('old') }`))
    const next = await bed.load('test', modelCode(`predict() { return say('new') }`))
    assert.deepEqual([await ask(old, 'x'), await ask(next, 'x')], ['old', 'new'])
    await old.model.unload()
    assert.equal(await ask(next, 'x'), 'new')
  })

  test(`${kind}: what unload throws is told, and the model is gone all the same`, async t => {
    const bed = await createPoolBed(t, kind)
    const bad = await bed.load('bad', WHO, { extra: { isBad: true } })
    await assert.rejects(bad.model.unload(), { name: 'RangeError', message: 'not now' })
    assert.deepEqual(await bed.pools.statistics(), [])
  })

  test(`${kind}: unload runs at close`, async t => {
    const bed = await createPoolBed(t, kind)
    await bed.load(
      'test',
      modelCode(`
      load({ log }) { this.log = log }
      async unload() { this.log.info('unloaded'); await new Promise(resolve => setTimeout(resolve, 1)) }
      predict() {}`),
    )
    await bed.pools.close(10_000)
    await bed.logged('unloaded')
  })
}

test('a pool needs a worker', async t => {
  const bed = await createPoolBed(t, 'thread')
  const { model } = bindModel((await bed.load('a', WHO)).model)
  assert.equal(model.isReady, true)
  for (const workerCount of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => createWorkerPools({ workerCount } as never),
      error => ServingError.is(error) && /not a number of workers/.test(error.message),
    )
  }
})
