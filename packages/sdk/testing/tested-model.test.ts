import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import {
  ContractModel,
  type InferenceRequest,
  type InputValues,
  Model,
  type ModelFunction,
  type RequestContext,
} from '../model/index.ts'
import { loadForTest } from './load-for-test.ts'

const x = { name: 'x', datatype: 'INT8', shape: [1], data: [1] } as const
const y = { name: 'y', datatype: 'INT8', shape: [1], data: [2] } as const
const inputs = [{ name: 'x', datatype: 'INT8', shape: [-1] }] as const

/** Calls `see` with what a model sees of one call, and answers with its inputs. */
const watching =
  (see: (request: InferenceRequest, context: RequestContext) => void): ModelFunction =>
  (request, context) => {
    see(request, context)
    return { outputs: request.inputs }
  }

test('the options of a call reach the model', async () => {
  let seen: { request: InferenceRequest; context: RequestContext } | undefined
  const answer = watching((request, context) => {
    seen = { request, context }
  })
  await using model = await loadForTest(answer, {
    settings: { name: 'seer', version: '2' },
    headers: { 'X-User': 'ann' },
  })
  const client = new AbortController()
  const deadlineMs = Date.now() + 60_000
  await model.predict([x, y], {
    headers: { 'X-Trace': '7' },
    signal: client.signal,
    deadlineMs,
    parameters: { top_k: 3 },
    outputs: ['y'],
  })
  assert.deepEqual([seen?.request.modelName, seen?.request.modelVersion], ['seer', '2'])
  assert.deepEqual(seen?.request.parameters, { top_k: 3 })
  assert.deepEqual(seen?.request.outputs, [{ name: 'y' }])
  assert.deepEqual(seen?.context.headers, { 'x-user': 'ann', 'x-trace': '7' })
  assert.equal(seen?.context.deadlineMs, deadlineMs)
  client.abort()
  assert.equal(seen?.context.signal.aborted, true)
})

test('outputs are selected as the server selects them', async () => {
  await using model = await loadForTest(watching(() => {}))
  const { outputs, values } = await model.predict([x, y], { outputs: ['y'] })
  assert.deepEqual(
    outputs.map(({ name }) => name),
    ['y'],
  )
  assert.deepEqual(values, { y: Int8Array.of(2) })
})

test('the contract is enforced as the server enforces it, and switched off like there', async () => {
  const answer = watching(() => {})
  await using strict = await loadForTest(answer, { settings: { inputs } })
  await assert.rejects(strict.predict([y]), {
    code: 'INVALID_ARGUMENT',
    message: "unexpected input 'y'; the model declares 'x'",
  })
  await using lax = await loadForTest(answer, { settings: { inputs, enforceContract: false } })
  assert.deepEqual((await lax.predict([y])).values, { y: Int8Array.of(2) })
})

test('a wrong answer is INTERNAL, and what the author throws is itself', async () => {
  await using wrong = await loadForTest(() => ({ outputs: [{ ...x, shape: [2] }] }))
  await assert.rejects(wrong.predict([]), {
    code: 'INTERNAL',
    message: /returned a wrong answer: tensor 'x' has 1 element/,
  })
  for (const error of [new ServingError('NOT_FOUND', 'no such row'), new TypeError('oops')]) {
    await using failing = await loadForTest(() => {
      throw error
    })
    await assert.rejects(failing.predict([]), caught => caught === error)
  }
})

test('logs, metrics and response headers can be read', async () => {
  const answer = watching(({ parameters }, context) => {
    const { log, metrics } = context
    log.warn('asked', { by: 'test' })
    metrics.counter('calls', 'Calls', { labels: ['kind'] })(1, { kind: 'single' })
    if (parameters === undefined) context.setHeader('X-Cache', 'miss')
  })
  await using model = await loadForTest(answer)
  assert.deepEqual(model.responseHeaders, {})
  await model.predict([x])
  assert.deepEqual(model.responseHeaders, { 'x-cache': 'miss' })
  await model.predict([x], { parameters: {} })
  assert.deepEqual(model.responseHeaders, {})
  assert.deepEqual(
    model.log.warn,
    Array.from({ length: 2 }, () => ({ message: 'asked', fields: { by: 'test' } })),
  )
  assert.equal(model.metrics['calls']?.records.length, 2)
})

test('a stream yields each answer', async () => {
  class Countdown extends Model {
    override async *predictStream(requests: AsyncIterable<InferenceRequest>, { log }: RequestContext) {
      for await (const { inputs } of requests) {
        for (let left = Number(inputs[0]?.data[Symbol.iterator]().next().value); left > 0; left--) {
          yield { outputs: [{ ...x, data: [left] }] }
        }
      }
      log.info('done')
    }
  }
  await using model = await loadForTest(Countdown)
  const values = await Array.fromAsync(model.stream([{ ...x, data: [3] }]), answer => answer.values['x'])
  assert.deepEqual(values, [Int8Array.of(3), Int8Array.of(2), Int8Array.of(1)])
  assert.equal(model.log.info.length, 1)
  await assert.rejects(model.predict([x]), { code: 'UNIMPLEMENTED' })
})

test('a stream of named values', async () => {
  const contract = defineContract({
    inputs: { text: { datatype: 'BYTES', shape: [-1], contentType: 'str' } },
    outputs: { word: { datatype: 'BYTES', shape: [1], contentType: 'str' } },
  })
  class Words extends ContractModel(contract) {
    override predict({ text }: InputValues<typeof contract>) {
      return { word: text.slice(0, 1) }
    }
    override async *predictStream({ text }: InputValues<typeof contract>) {
      for (const word of text.join(' ').split(' ')) yield { word: [word] }
    }
  }
  await using model = await loadForTest(Words)
  const words: (readonly string[])[] = []
  for await (const { values } of model.stream({ text: ['to be', 'or not'] })) words.push(values.word)
  assert.deepEqual(words, [['to'], ['be'], ['or'], ['not']])
  await assert.rejects(Array.fromAsync(model.stream([x])), { code: 'INVALID_ARGUMENT' })
})

test('leaving a stream ends it in the model', async () => {
  let hasEnded = false
  class Endless extends Model {
    override async *predictStream(requests: AsyncIterable<InferenceRequest>) {
      try {
        for await (const { inputs } of requests) while (true) yield { outputs: inputs }
      } finally {
        hasEnded = true
      }
    }
  }
  await using model = await loadForTest(Endless)
  for await (const _ of model.stream([x])) break
  assert.equal(hasEnded, true)
})

test('unload is called once, and the model answers no more', async () => {
  let unloads = 0
  class Owner extends Model {
    override predict() {
      return { outputs: [] }
    }
    override async unload() {
      unloads++
    }
  }
  const model = await loadForTest(Owner)
  await model.unload()
  await model.unload()
  await model[Symbol.asyncDispose]()
  assert.equal(unloads, 1)
  const refusal = { code: 'UNAVAILABLE', message: 'Model owner is unloaded' }
  await assert.rejects(model.predict([]), refusal)
  await assert.rejects(Array.fromAsync(model.stream([])), refusal)
})

test('what unload throws, the test sees', async () => {
  class Stuck extends Model {
    override predict() {
      return { outputs: [] }
    }
    override unload() {
      throw new Error('file is busy')
    }
  }
  const model = await loadForTest(Stuck)
  await assert.rejects(model.unload(), { message: 'file is busy' })
})
