import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { MODEL_BYTES, startCacheBed } from './bed/cache-bed.ts'
import { gate, reached, watched } from './bed/watched-models.ts'

/** Names of models are those of gates as well: no test of this process has another's. */
let count = 0
const fresh = (name: string) => `${name}-${++count}`

/** Resolves when the server has said it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => void setImmediate(resolve))
}

describe('which model goes', () => {
  test('check 65: the least recently used one', async t => {
    const bed = await startCacheBed(t, { a: {}, b: {}, c: {}, d: {} })
    assert.deepEqual(bed.loaded(), [])
    for (const model of ['a', 'b', 'c', 'a', 'd']) assert.equal(await bed.ask(model), model)
    await until(() => bed.loaded().length === 3)
    assert.deepEqual(bed.loaded(), ['a', 'c', 'd'])
    assert.equal(await bed.metric('millrace_model_cache_evictions_total{reason="pressure"}'), 1)
    assert.equal(await bed.metric('millrace_model_cache_used_bytes'), 3 * MODEL_BYTES)
    assert.equal(await bed.metric('millrace_model_cache_known_models'), 4)
    assert.equal(await bed.metric('millrace_model_cache_hits_total'), 1)
    assert.equal(await bed.metric('millrace_model_cache_misses_total'), 4)
    assert.equal(await bed.metric('millrace_model_cache_age_at_eviction_seconds_count'), 1)
    // And comes again when somebody asks.
    assert.equal(await bed.ask('b'), 'b')
  })

  test('check 66: none that was used within the hour, for one that is loaded ahead', async t => {
    const bed = await startCacheBed(t, { a: {}, b: {}, c: {}, ahead: {} })
    for (const model of ['a', 'b', 'c']) await bed.ask(model)
    // The first load shows what it takes; from then on it is known before.
    for (let times = 0; times < 2; times++) {
      await assert.rejects(bed.preload('ahead'), { code: 'RESOURCE_EXHAUSTED' })
      await until(() => bed.loaded().length === 3)
      assert.deepEqual(bed.loaded(), ['a', 'b', 'c'])
    }
  })

  test('check 69: requests of a model that goes are answered by it', async t => {
    const hold = fresh('hold')
    const bed = await startCacheBed(t, { a: { extra: { hold } }, b: {}, c: {}, d: {} })
    const asked = bed.ask('a')
    await reached(hold)
    for (const model of ['b', 'c']) assert.equal(await bed.ask(model), model)
    const next = bed.ask('d')
    await until(async () => (await bed.index())['a'] === 'UNLOADING')
    assert.equal(watched.alive.get('a'), 1)
    gate(hold).resolve()
    assert.equal(await asked, 'a')
    assert.equal(await next, 'd')
    assert.equal(watched.alive.get('a'), 0)
  })

  test('a pinned one never, and one of a low priority before others', async t => {
    const bed = await startCacheBed(t, {
      pinned: { memory_pinned: true },
      high: { memory_priority: 1 },
      low: {},
      next: { memory_priority: 1 },
    })
    assert.deepEqual(bed.loaded(), ['pinned'])
    for (const model of ['high', 'low', 'next']) assert.equal(await bed.ask(model), model)
    await until(() => bed.loaded().length === 3)
    assert.deepEqual(bed.loaded(), ['high', 'next', 'pinned'])
  })

  test('check 73: none that was used only just, if the settings say so; the client may try again', async t => {
    const bed = await startCacheBed(
      t,
      { a: {}, b: {}, c: {}, d: { extra: { memory: 1000 } } },
      { model_memory_churn_age: 600, model_memory_budget: 2 * MODEL_BYTES + 100_000 },
    )
    for (const model of ['a', 'b']) await bed.ask(model)
    await bed.ask('d')
    const { status, headers, body } = await bed.request('POST', '/v2/models/c/infer', { inputs: [] })
    assert.equal(status, 503)
    assert.match(body.error!, /^Cache churn threshold exceeded/)
    assert.ok(Number(headers.get('retry-after')) > 0)
    await assert.rejects(bed.grpc.call('ModelInfer', { model_name: 'c' }), { code: 8 })
  })

  test('one that is idle', async t => {
    const bed = await startCacheBed(
      t,
      { quick: { memory_idle: 0.05 }, usual: {} },
      { model_memory_idle: 600 },
    )
    assert.equal(await bed.ask('quick'), 'quick')
    assert.equal(await bed.ask('usual'), 'usual')
    await until(() => bed.loaded().length === 1)
    assert.deepEqual(bed.loaded(), ['usual'])
    assert.equal(await bed.metric('millrace_model_cache_evictions_total{reason="idle"}'), 1)
  })
})

describe('memory', () => {
  test('check 67: one that turns out larger displaces others, and one larger than everything fails', async t => {
    const bed = await startCacheBed(t, {
      a: {},
      b: {},
      wide: { extra: { memory: 2 * MODEL_BYTES } },
      huge: { extra: { memory: 40_000_000 } },
    })
    for (const model of ['a', 'b', 'wide']) assert.equal(await bed.ask(model), model)
    await until(() => bed.loaded().length === 2)
    assert.deepEqual(bed.loaded(), ['b', 'wide'])
    assert.match(
      await bed.ask('huge'),
      /^503 Model huge could not be loaded, .*: Model huge takes 40000000 bytes, and .*\(model_memory_budget\) has 30001000$/,
    )
    await until(() => watched.alive.get('huge') === 0)
    assert.match((await bed.index())['huge']!, /^UNAVAILABLE: Model huge takes 40000000 bytes/)
  })

  test('check 68: a load begins when what it displaces is really gone', async t => {
    const hold = fresh('hold')
    const bed = await startCacheBed(t, { a: { extra: { hold } }, b: {}, c: {}, d: {} })
    // It has shown what it takes.
    await bed.ask('d')
    await bed.request('POST', '/v2/repository/models/d/unload')
    const asked = bed.ask('a')
    await reached(hold)
    for (const model of ['b', 'c']) await bed.ask(model)
    const waiting = bed.ask('d')
    await until(async () => (await bed.index())['d'] === 'UNAVAILABLE: waits to be loaded')
    assert.equal(watched.alive.get('d'), 0)
    assert.equal(await bed.metric('millrace_model_cache_unloading_bytes'), MODEL_BYTES)
    gate(hold).resolve()
    assert.equal(await asked, 'a')
    assert.equal(await waiting, 'd')
    assert.deepEqual(bed.loaded(), ['b', 'c', 'd'])
  })

  test('check 68: an unload that fails for good shows in a metric, and leaves less room', async t => {
    const bed = await startCacheBed(t, { a: { extra: { clings: true } }, b: {}, c: {}, d: {} })
    for (const model of ['a', 'b', 'c', 'd']) assert.equal(await bed.ask(model), model)
    await until(() => bed.loaded().length === 2)
    assert.equal(await bed.metric('millrace_model_cache_lost_bytes'), MODEL_BYTES)
    assert.equal(await bed.metric('millrace_model_cache_unload_failures_total'), 1)
    assert.ok(bed.log.some(({ message }) => String(message).startsWith('the memory of a model is lost')))
  })
})

describe('loads', () => {
  test('check 70: those that a request waits for come first', async t => {
    const [first, ahead] = [fresh('first'), fresh('ahead')]
    const bed = await startCacheBed(t, {
      a: { extra: { gate: first } },
      ahead: { extra: { gate: ahead } },
      b: {},
    })
    const all = [bed.ask('a')]
    await reached(first)
    const preloaded = bed.preload('ahead')
    await until(() => bed.server.cache!.modelOf('ahead').state === 'QUEUED')
    all.push(bed.ask('b'))
    // It stands in the queue when its size has been predicted.
    await until(() => bed.server.cache!.modelOf('b').bytes > 0)
    gate(first).resolve()
    assert.deepEqual(await Promise.all(all), ['a', 'b'])
    // It came behind, and is still on its way.
    gate(ahead).resolve()
    await preloaded
  })

  test('check 71: one that takes too long is ended, and counts as failed', async t => {
    const never = fresh('never')
    const bed = await startCacheBed(t, { slow: { load_timeout: 0.05, extra: { gate: never } } })
    assert.match(
      await bed.ask('slow'),
      /^503 Model slow could not be loaded, and is tried again in 5 s: .*it took longer than 0.05 s \(the model's load_timeout\)$/,
    )
    await until(() => watched.alive.get('slow') === 0)
    assert.deepEqual(bed.loaded(), [])
    assert.equal(await bed.metric('millrace_model_cache_used_bytes'), 0)
  })

  test('check 72: failures are remembered, told, and forgotten when the model is loaded by hand', async t => {
    const bed = await startCacheBed(t, { bad: { extra: { fails: true } } }, { model_memory_retry: 200 })
    assert.match(await bed.ask('bad'), /^503 .*tried again in 200 s: .*bad has no weights$/)
    const { headers, status } = await bed.request('POST', '/v2/models/bad/infer', { inputs: [] })
    assert.equal(status, 503)
    assert.ok(Number(headers.get('retry-after')) > 100)
    assert.match((await bed.index())['bad']!, /^UNAVAILABLE: .*bad has no weights$/)
    assert.equal(await bed.metric('millrace_model_cache_load_failures_total'), 1)
    await bed.write('bad', {})
    assert.equal((await bed.request('POST', '/v2/repository/models/bad/load')).status, 200)
    assert.equal(await bed.ask('bad'), 'bad')
  })

  test('check 79: no more requests wait than may', async t => {
    const slow = fresh('slow')
    const bed = await startCacheBed(t, { slow: { extra: { gate: slow } } }, { model_memory_max_waiting: 2 })
    const waiting = [bed.ask('slow'), bed.ask('slow')]
    await until(() => bed.server.cache!.figures.waiting === 2)
    const { status, headers, body } = await bed.request('POST', '/v2/models/slow/infer', { inputs: [] })
    assert.equal(status, 503)
    assert.equal(headers.get('retry-after'), '1')
    assert.match(body.error!, /^Model queue overload: 2 requests wait for models to be loaded/)
    await assert.rejects(bed.grpc.call('ModelInfer', { model_name: 'slow' }), { code: 8 })
    gate(slow).resolve()
    assert.deepEqual(await Promise.all(waiting), ['slow', 'slow'])
  })

  test('a hundred first requests are one load', async t => {
    const slow = fresh('slow')
    const bed = await startCacheBed(t, { [slow]: { extra: { gate: slow } } })
    const all = Array.from({ length: 100 }, () => bed.ask(slow))
    await until(() => bed.server.cache!.figures.waiting === 100)
    gate(slow).resolve()
    assert.deepEqual(new Set(await Promise.all(all)), new Set([slow]))
    assert.equal(watched.alive.get(slow), 1)
  })

  test('a client that gives up, or is too late, does not wait', async t => {
    const slow = fresh('slow')
    const bed = await startCacheBed(t, { slow: { extra: { gate: slow } } })
    const leaving = new AbortController()
    const left = bed.ask('slow', leaving.signal)
    await reached(slow)
    leaving.abort()
    await assert.rejects(left)
    await assert.rejects(bed.grpc.call('ModelInfer', { model_name: 'slow' }, { timeoutMs: 50 }), { code: 4 })
    await until(() => bed.server.cache!.figures.waiting === 0)
    gate(slow).resolve()
    assert.equal(await bed.ask('slow'), 'slow')
  })
})

describe('what is not loaded', () => {
  test('is loaded by every door', async t => {
    const bed = await startCacheBed(t, { a: {}, b: {}, c: {}, d: {} })
    const { body } = await bed.request('GET', '/v2/models/a')
    assert.equal(body['name'], 'a')
    const { message } = await bed.grpc.call<{ name: string }>('ModelMetadata', { name: 'b' })
    assert.equal(message.name, 'b')
    const { message: answer } = await bed.grpc.call<{ model_name: string }>('ModelInfer', { model_name: 'c' })
    assert.equal(answer.model_name, 'c')
    const stream = bed.grpc.open('ModelStreamInfer')
    stream.end({ model_name: 'd' })
    await once(stream, 'data')
    assert.ok(bed.loaded().includes('d'))
    stream.cancel()
    stream.on('error', () => undefined)
  })

  test('is shown as such, and asking whether it is ready does not load it', async t => {
    const bed = await startCacheBed(t, { a: {}, b: {} })
    await bed.ask('a')
    assert.deepEqual(await bed.index(), { a: 'READY', b: 'UNAVAILABLE: not loaded; loaded on demand' })
    assert.equal((await bed.request('GET', '/v2/health/ready')).status, 200)
    assert.equal((await bed.request('GET', '/v2/models/b/ready')).status, 503)
    assert.equal((await bed.request('GET', '/v2/models/x/ready')).status, 404)
    const { message } = await bed.grpc.call<{ ready: boolean }>('ModelReady', { name: 'b' })
    assert.equal(message.ready, false)
    assert.deepEqual((await bed.request('GET', '/v2/models/b/stats')).body, { model_stats: [] })
    assert.deepEqual(bed.loaded(), ['a'])
    assert.match(await bed.ask('x'), /^404 Model x not found$/)
    assert.match(
      String((await bed.request('POST', '/v2/models/a/versions/7/infer', { inputs: [] })).body.error),
      /^Model a with version 7 not found$/,
    )
  })

  test('can be loaded and unloaded by hand', async t => {
    const bed = await startCacheBed(t, { a: {} })
    assert.equal((await bed.request('POST', '/v2/repository/models/a/load')).status, 200)
    assert.deepEqual(bed.loaded(), ['a'])
    assert.equal((await bed.request('POST', '/v2/repository/models/a/load')).status, 200)
    assert.equal((await bed.request('POST', '/v2/repository/models/a/unload')).status, 200)
    assert.deepEqual(bed.loaded(), [])
    assert.equal((await bed.request('POST', '/v2/repository/models/a/unload')).status, 200)
    await bed.write('new', {})
    assert.match(await bed.ask('new'), /^404/)
    assert.equal((await bed.request('POST', '/v2/repository/models/new/load')).status, 200)
    assert.equal(await bed.ask('new'), 'new')
    for (const how of ['load', 'unload'])
      assert.equal((await bed.request('POST', `/v2/repository/models/x/${how}`)).status, 404)
    assert.equal(await bed.metric('millrace_model_cache_evictions_total{reason="asked"}'), 1)
    assert.equal(await bed.ask('a'), 'a')
  })
})
