import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  DATATYPES,
  dataBytes,
  type NumericDatatype,
  ServingError,
  type Tensor,
  toTensor,
  viewData,
} from '@millrace/sdk'
import { RemoteModel } from '../index.ts'
import { ask, createPoolBed, KINDS, modelCode, requestOf, saying, testCall } from './pool-bed.ts'

const ECHO = modelCode(`predict(request) {
  return { outputs: request.inputs, parameters: request.parameters }
}`)

const input = (...data: number[]) => requestOf({ name: 'in', datatype: 'INT32', shape: [data.length], data })

for (const kind of KINDS) {
  const load = async (t: TestContext, code: string) => {
    const bed = await createPoolBed(t, kind)
    return { ...bed, model: await bed.load('test', code) }
  }

  test(`${kind}: values of every datatype, empty ones too`, async t => {
    const { model } = await load(t, ECHO)
    const bytes = Uint8Array.from({ length: 48 }, (_, index) => index * 5)
    const numbers = DATATYPES.filter((datatype): datatype is NumericDatatype => datatype !== 'BYTES')
    const inputs = numbers.flatMap(datatype => {
      const data = viewData(datatype, datatype === 'BOOL' ? bytes.map(byte => byte % 2) : bytes)
      return [
        { name: datatype, datatype, shape: [2, data.length / 2], data, parameters: { unit: 'm' } },
        { name: `no ${datatype}`, datatype, shape: [0, 3], data: data.subarray(0, 0) },
      ] as Tensor[]
    })
    const texts = ['', 'a\0b', new Uint8Array([0, 255, 0]), 'ü'.repeat(99)]
    const request = requestOf(
      ...inputs,
      { name: 'bytes', datatype: 'BYTES', shape: [4], data: texts },
      { name: 'no bytes', datatype: 'BYTES', shape: [0], data: [] },
    )
    const parameters = { big: 2n ** 60n, list: [1, { deep: null }], text: 'x' }
    const response = await model.predict({ ...request, parameters }, testCall())
    assert.deepEqual(response.parameters, parameters)
    assert.equal(response.id, 'one')
    for (const [index, sent] of request.inputs.entries()) {
      const { data, ...rest } = response.outputs[index]!
      assert.deepEqual(
        { ...rest, bytes: dataBytes(data) },
        {
          name: sent.name,
          datatype: sent.datatype,
          shape: sent.shape,
          parameters: sent.parameters,
          bytes: dataBytes(sent.data),
        },
      )
      assert.equal(data.constructor, sent.data.constructor)
    }
  })

  test(`${kind}: 16 MiB there and back, in a part of somebody's memory too`, async t => {
    const { model } = await load(t, ECHO)
    const length = 2 ** 22
    for (const [memoryLength, start] of [
      [length, 0],
      [2 * length, 77],
    ] as const) {
      const memory = new Int32Array(memoryLength)
      for (let index = 0; index < memoryLength; index++) memory[index] = index * 7
      const data = memory.subarray(start, start + length)
      const response = await model.predict(
        requestOf({ name: 'in', datatype: 'INT32', shape: [length], data }),
        testCall(),
      )
      const [output] = response.outputs as readonly [Tensor<'INT32'>]
      assert.equal(output.data.length, length)
      assert.ok(output.data.every((value, index) => value === Math.imul(index + start, 7)))
      // Memory that is somebody else's as well stays.
      if (start > 0) assert.equal(memory.length, memoryLength)
    }
  })

  test(`${kind}: a model may keep its arrays, change them, and answer with the same again`, async t => {
    const { model } = await load(
      t,
      modelCode(`
      own = new Float32Array(40_000)
      kept = []
      predict(request) {
        this.kept.push(request.inputs[0])
        this.own[0] += 1
        const first = { name: 'first', datatype: 'FP32', shape: [1], data: new Float32Array(this.kept[0].data.slice(0, 1)) }
        return { outputs: [{ name: 'own', datatype: 'FP32', shape: [40_000], data: this.own }, first] }
      }`),
    )
    const calls = Array.from({ length: 5 }, (_, index) =>
      model.predict(
        requestOf({
          name: 'in',
          datatype: 'FP32',
          shape: [20_000],
          data: new Float32Array(20_000).fill(index),
        }),
        testCall(),
      ),
    )
    const answers = (await Promise.all(calls)).map(({ outputs }) =>
      outputs.map(({ data }) => [data.length, (data as Float32Array)[0]]),
    )
    assert.deepEqual(
      answers,
      [1, 2, 3, 4, 5].map(count => [
        [40_000, count],
        [1, 0],
      ]),
    )
  })

  test(`${kind}: the contract is enforced before crossing, and answers are checked and converted`, async t => {
    const bed = await createPoolBed(t, kind)
    const inputs = [{ name: 'in', datatype: 'INT32', shape: [2] }] as const
    const outputs = [{ name: 'out', datatype: 'FP32', shape: [2] }] as const
    const model = await bed.load(
      'test',
      modelCode(`predict({ inputs }) {
      return { outputs: [{ name: 'out', datatype: 'FP32', shape: [2], data: inputs[0].data[0] === 1 ? [1, 2] : ['x', 2] }] }
    }`),
      { inputs, outputs },
    )
    const response = await model.predict(input(1, 1), testCall())
    assert.deepEqual(response.outputs[0]!.data, Float32Array.of(1, 2))
    await assert.rejects(model.predict(input(1, 1, 1), testCall()), { code: 'INVALID_ARGUMENT' })
    await assert.rejects(model.predict(input(2, 2), testCall()), {
      code: 'INTERNAL',
      message: /returned a wrong answer/,
    })
    assert.equal((await bed.pools.statistics())[0]!.completedCount, 2)
  })

  test(`${kind}: errors are as if they had been thrown here`, async t => {
    const { model } = await load(
      t,
      modelCode(
        `predict(request) {
        if (textOf(request) === 'serving') throw Object.assign(new Error('no such row'), { [Symbol.for('millrace.ServingError')]: true, code: 'NOT_FOUND', retryAfterMs: 7 })
        if (textOf(request) === 'text') throw 'just text'
        if (textOf(request) === 'parameters') return { outputs: [], parameters: { bad: () => 1 } }
        throw new RangeError('beyond')
      }`,
      ),
    )
    const thrownBy = (text: string) =>
      ask(model, text).then(
        () => assert.fail(),
        (error: unknown) => error,
      )
    const serving = await thrownBy('serving')
    assert.ok(ServingError.is(serving))
    assert.deepEqual([serving.code, serving.message, serving.retryAfterMs], ['NOT_FOUND', 'no such row', 7])
    assert.equal(await thrownBy('text'), 'just text')
    const other = await thrownBy('other')
    assert.ok(other instanceof Error && !ServingError.is(other))
    assert.deepEqual([other.name, other.message], ['RangeError', 'beyond'])
    assert.match(other.stack ?? '', /model\.ts/)
    await assert.rejects(ask(model, 'parameters'), { code: 'INTERNAL', message: /no plain values/ })
  })

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

test('a request that was used up says so', async t => {
  const bed = await createPoolBed(t, 'thread')
  const model = await bed.load('test', ECHO)
  const request = {
    modelName: 'test',
    inputs: [toTensor({ name: 'in', datatype: 'UINT8', shape: [100_000], data: new Uint8Array(100_000) })],
  }
  await model.predict(request, testCall())
  await assert.rejects(model.predict(request, testCall()), /moved to a worker with an earlier request/)
})
