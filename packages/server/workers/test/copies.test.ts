import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestContext } from '@millrace/sdk'
import { ask, createPoolBed, KINDS, type RemoteBound } from './pool-bed.ts'
import { UNSTABLE, watchedCall } from './unstable-model-fixture.ts'

const COPIES = { copies: { drainTimeoutMs: 10_000 } }
const FOREVER = new AbortController().signal

/** Its first load is quick, and the next one ends when it is aborted. */
const SLOW_SECOND = `${UNSTABLE.replace('export class TestModel', 'class Unstable')}
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
export class TestModel extends Unstable {
  async load({ signal, log }) {
    const mark = join(this.settings.folder, 'loaded')
    if (!existsSync(mark)) return void writeFileSync(mark, '')
    log.info('loading a copy')
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
}
`

const UNLOADABLE = `${UNSTABLE.replace('export class TestModel', 'class Unstable')}
export class TestModel extends Unstable {
  load({ log }) { this.log = log }
  unload() { this.log.info('gone') }
}
`

/** Where so many requests were answered, one after another. */
async function answerers(model: RemoteBound, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let request = 0; request < count; request++) ids.push(await ask(model, 'who'))
  return ids
}

/** A request that a copy is busy with until it is aborted. */
async function busyWith(model: RemoteBound, given: Partial<RequestContext> = {}) {
  const stop = new AbortController()
  const { begun, call } = watchedCall({ signal: stop.signal, ...given })
  const answer = ask(model, 'wait', call)
  await begun
  return { answer, stop: () => stop.abort() }
}

for (const kind of KINDS) {
  test(`${kind}: a model is on one worker, and others are on others`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2, ...COPIES })
    const one = await bed.load('one', UNSTABLE)
    const other = await bed.load('other', UNSTABLE)
    const [ones, others] = [new Set(await answerers(one, 4)), new Set(await answerers(other, 4))]
    assert.equal(ones.size, 1)
    assert.equal(others.size, 1)
    assert.equal(new Set([...ones, ...others]).size, 2)
    const { copies } = one.model
    assert.deepEqual([copies!.count, copies!.most, copies!.requestCount], [1, 2, 4])
  })

  test(`check 76: ${kind}: the copy whose worker does least answers, then the one used longest ago`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 3, ...COPIES })
    const model = await bed.load('test', UNSTABLE)
    await model.model.copies!.add(FOREVER)
    await model.model.copies!.add(FOREVER)
    const ids = await answerers(model, 9)
    assert.equal(new Set(ids).size, 3)
    assert.deepEqual(ids.slice(3), ids.slice(0, 6))
    const busy = await busyWith(model)
    const others = await answerers(model, 6)
    assert.equal(model.model.copies!.inFlightCount, 1)
    busy.stop()
    const busyId = await busy.answer
    assert.equal(new Set(others).size, 2)
    assert.ok(!others.includes(busyId))
    await assert.rejects(model.model.copies!.add(FOREVER), {
      code: 'UNAVAILABLE',
      message: /^Model test has no worker for a further copy$/,
    })
  })

  test(`check 76: ${kind}: a copy that is still loading is asked nothing`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2, ...COPIES })
    const model = await bed.load('test', SLOW_SECOND)
    const ending = new AbortController()
    const adding = model.model.copies!.add(ending.signal)
    await bed.logged('loading a copy')
    const busy = await busyWith(model)
    assert.equal(new Set(await answerers(model, 4)).size, 1)
    assert.equal(model.model.copies!.count, 1)
    busy.stop()
    await busy.answer
    ending.abort(new Error('no more'))
    await assert.rejects(adding, /no more/)
    assert.equal(model.model.copies!.count, 1)
  })

  test(`${kind}: a copy that goes finishes what it is asked, and none is left but the last`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2, ...COPIES })
    const model = await bed.load('test', UNLOADABLE)
    const { copies } = model.model
    await copies!.add(FOREVER)
    const both = [await busyWith(model), await busyWith(model)]
    const dropping = copies!.drop()
    assert.equal(copies!.count, 1)
    for (const { stop } of both) stop()
    const ids = await Promise.all(both.map(({ answer }) => answer))
    await dropping
    await bed.logged('gone')
    assert.equal(bed.log.filter(({ message }) => message === 'gone').length, 1)
    const [left] = new Set(await answerers(model, 4))
    assert.ok(ids.includes(left!))
    await copies!.drop()
    assert.equal(await ask(model, 'who'), left)
    // And may come again.
    await copies!.add(FOREVER)
    assert.equal(new Set(await answerers(model, 4)).size, 2)
  })

  test(`${kind}: with its worker's end a copy comes again, and the others answer meanwhile`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 3, ...COPIES })
    const model = await bed.load('test', UNSTABLE)
    const single = await bed.load('single', UNSTABLE)
    await model.model.copies!.add(FOREVER)
    await assert.rejects(ask(model, 'exit'))
    assert.equal(new Set(await answerers(model, 4)).size, 1)
    assert.ok(model.model.isReady)
    await bed.until(() => bed.serverLog.some(({ message }) => message === 'worker replaced'))
    assert.equal(new Set(await answerers(model, 6)).size, 2)
    // What was not on it is not on it now.
    assert.equal(new Set(await answerers(single, 6)).size, 1)
    // The worker of one that is nowhere else: it waits.
    await assert.rejects(ask(single, 'exit'))
    assert.match(await ask(single, 'who'), /\d/)
  })

  test(`${kind}: a model that is unloaded while a copy loads leaves nothing`, async t => {
    const bed = await createPoolBed(t, kind, { workerCount: 2, ...COPIES })
    const model = await bed.load('test', SLOW_SECOND)
    const other = await bed.load('other', UNSTABLE)
    const adding = model.model.copies!.add(FOREVER)
    const failed = assert.rejects(adding, /unloaded/)
    await bed.logged('loading a copy')
    await model.model.unload()
    await failed
    await assert.rejects(ask(model, 'who'), { code: 'UNAVAILABLE', message: /has been unloaded/ })
    assert.match(await ask(other, 'who'), /\d/)
  })
}
