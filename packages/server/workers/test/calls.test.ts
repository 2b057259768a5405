import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { RemoteModel } from '../index.ts'
import { ask, createPoolBed, KINDS, modelCode, saying, testCall } from './pool-bed.ts'

const ECHO = modelCode(`predict(request) {
  return { outputs: request.inputs, parameters: request.parameters }
}`)

for (const kind of KINDS) {
  const load = async (t: TestContext, code: string) => {
    const bed = await createPoolBed(t, kind)
    return { ...bed, model: await bed.load('test', code) }
  }

  test(`${kind}: headers both ways, with a failure too`, async t => {
    const { model } = await load(
      t,
      modelCode(`predict(request, context) {
      context.setHeader('x-one', context.headers['x-in'])
      context.setHeader('x-two', String(context.deadlineMs))
      if (textOf(request) === 'fail') throw new Error('failed')
      return say('done')
    }`),
    )
    for (const text of ['answer', 'fail']) {
      const call = testCall({ headers: { 'x-in': 'here' }, deadlineMs: 4e12 })
      await ask(model, text, call).catch(() => undefined)
      assert.deepEqual(call.headersSet, [
        ['x-one', 'here'],
        ['x-two', '4000000000000'],
      ])
    }
  })

  test(`${kind}: an abort reaches the model, with its reason`, async t => {
    const { model } = await load(
      t,
      modelCode(`async predict(request, { signal, log }) {
      if (!signal.aborted) {
        log.info('waiting')
        await new Promise(resolve => signal.addEventListener('abort', resolve))
      }
      if (textOf(request) === 'throw') signal.throwIfAborted()
      return say(signal.reason.code, signal.reason.message)
    }`),
    )
    const reason = new ServingError('CANCELLED', 'the client left')
    for (const isEarly of [true, false]) {
      const stop = new AbortController()
      const log = { debug() {}, info: () => stop.abort(reason), warn() {}, error() {} }
      if (isEarly) stop.abort(reason)
      assert.equal(
        await ask(model, 'say', testCall({ signal: stop.signal, log })),
        'CANCELLED the client left',
      )
    }
    const stop = new AbortController()
    stop.abort(reason)
    const thrown = await ask(model, 'throw', testCall({ signal: stop.signal })).catch(
      (error: unknown) => error,
    )
    assert.equal(thrown, reason)
  })

  test(`${kind}: no signal is made for a model that does not ask for one`, async t => {
    const { model } = await load(t, ECHO)
    const { signal: _, ...call } = testCall()
    const silent = Object.defineProperty(call, 'signal', { get: () => assert.fail('nobody asked for it') })
    await model.predict(saying('x'), silent as ReturnType<typeof testCall>)
  })

  test(`${kind}: lines go to the request's log, else to the model's`, async t => {
    const { model, log } = await load(
      t,
      modelCode(`
      load({ log }) { log.info('loading', { size: 3, error: new TypeError('odd'), call: () => 1, id: 7n }) }
      predict(request, { log }) { log.warn('asked', { text: textOf(request) }); return say('x') }`),
    )
    const [line] = log
    assert.equal(line!.message, 'loading')
    const { error, ...fields } = line!.fields!
    assert.deepEqual(fields, { size: 3, call: '() => 1', id: '7' })
    assert.equal((error as { message: string }).message, 'odd')
    const call = testCall()
    await ask(model, 'this', call)
    assert.deepEqual((call as unknown as { entries: unknown }).entries, [
      { level: 'warn', message: 'asked', fields: { text: 'this' } },
    ])
  })

  test(`${kind}: metrics are recorded here before the answer is there`, async t => {
    const { model, metrics, log } = await load(
      t,
      modelCode(`
      load({ metrics }) {
        this.words = metrics.counter('words', 'Words seen', { labels: ['kind'] })
        metrics.gauge('level', 'A level')(4)
        try { metrics.histogram('words', 'again') } catch (error) { this.refusal = error.code }
      }
      predict(request, context) {
        this.words(textOf(request).length - 2, { kind: 'any' })
        context.metrics.histogram('lengths', 'Lengths', { buckets: [1, 2] })(textOf(request).length)
        return say(this.refusal)
      }`),
    )
    assert.deepEqual(metrics, [
      'new counter words: Words seen {"labels":["kind"]}',
      'new gauge level: A level {}',
      'gauge level {} 4',
    ])
    assert.equal(await ask(model, 'four'), 'ALREADY_EXISTS')
    await ask(model, 'x')
    assert.deepEqual(metrics.slice(3), [
      'new histogram lengths: Lengths {"buckets":[1,2]}',
      'counter words {"kind":"any"} 2',
      'histogram lengths {} 4',
      'histogram lengths {} 1',
    ])
    // Two letters fewer than one: what the server refuses is told, and harms nobody.
    assert.deepEqual(
      log.map(({ message }) => message),
      ['a metric of the model could not be recorded'],
    )
  })

  test(`${kind}: readiness, inputs and outputs are what the model says`, async t => {
    const bed = await createPoolBed(t, kind)
    const model = await bed.load(
      'test',
      modelCode(`
      isReady = true
      load() { this.inputs = [{ name: 'text', datatype: 'BYTES', shape: [-1] }]; return false }
      predict(request) { this.isReady = textOf(request) === 'ready'; return say(this.isReady) }`),
    )
    assert.ok(model.model instanceof RemoteModel)
    assert.equal(model.model.isReady, false)
    assert.equal(model.model.inputs[0]!.name, 'text')
    await ask(model, 'ready')
    await bed.until(() => model.model.isReady)
    await ask(model, 'no')
    await bed.until(() => !model.model.isReady)
  })

  test(`${kind}: routes`, async t => {
    const { model } = await load(
      t,
      modelCode(`
      routes = [
        { method: 'POST', path: '/sum', handle: request => ({ json: { sum: request.json().reduce((a, b) => a + b) } }) },
        { method: 'GET', path: '/echo/:what', handle(request, context) {
          context.setHeader('x-what', request.params.what)
          return { status: 201, headers: { 'Content-Type': 'text/plain' }, body: request.query.get('q') + request.headers['x-in'] }
        } },
        { method: 'PUT', path: '/bytes', handle: request => ({ body: request.body.map(byte => byte + 1) }) },
      ]
      predict() { return say('x') }`),
    )
    const [sum, echo, bytes] = model.model.routes
    const request = {
      method: 'POST',
      path: '/sum',
      params: { what: 'this' },
      query: new URLSearchParams('q=ask'),
      headers: { 'x-in': 'head' },
      body: new TextEncoder().encode('[1,2,3]'),
      json: () => assert.fail('read in the worker'),
    }
    assert.deepEqual([sum!.method, sum!.path], ['POST', '/sum'])
    assert.deepEqual(await sum!.handle(request, testCall()), {
      headers: { 'content-type': 'application/json' },
      body: '{"sum":6}',
    })
    await assert.rejects(
      async () => sum!.handle({ ...request, body: new TextEncoder().encode('[1,') }, testCall()),
      { code: 'INVALID_ARGUMENT', message: /the body is not JSON/ },
    )
    const call = testCall()
    assert.deepEqual(await echo!.handle(request, call), {
      status: 201,
      headers: { 'Content-Type': 'text/plain' },
      body: 'askhead',
    })
    assert.deepEqual(call.headersSet, [['x-what', 'this']])
    for (const sizeBytes of [0, 3, 100_000]) {
      const { body } = await bytes!.handle(
        { ...request, body: new Uint8Array(sizeBytes).fill(7) },
        testCall(),
      )
      assert.deepEqual(body, sizeBytes === 0 ? undefined : new Uint8Array(sizeBytes).fill(8))
    }
  })
}
