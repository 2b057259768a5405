import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BytesArray, type InferenceRequest, type InferenceResponse, type Tensor } from '@millrace/sdk'
import type { Call } from './call.ts'
import { createResponseCache } from './response-cache.ts'

const LIMITS = { maxEntries: 10, maxBytes: 1_000_000 }

function call(headers: Record<string, string> = {}): Call & { readonly set: Map<string, string> } {
  const set = new Map<string, string>()
  return {
    headers,
    signal: new AbortController().signal,
    deadlineMs: Number.POSITIVE_INFINITY,
    set,
    setHeader: (name, value) => void set.set(name, value),
  }
}

function text(...values: string[]): Tensor {
  return { name: 'x', datatype: 'BYTES', shape: [values.length], data: BytesArray.from(values) }
}

function numbers(...values: number[]): Tensor {
  return { name: 'x', datatype: 'FP32', shape: [values.length], data: Float32Array.from(values) }
}

const request = (inputs: readonly Tensor[], more: Partial<InferenceRequest> = {}): InferenceRequest => ({
  modelName: 'm',
  inputs,
  ...more,
})

function counting() {
  let count = 0
  const answer = async (to: Call, id: string | undefined): Promise<InferenceResponse> => {
    count++
    to.setHeader('x-answer', String(count))
    return { modelName: 'm', id, outputs: [numbers(count)] }
  }
  return { answer, count: () => count }
}

test('a repeated request is answered from the cache with its own id and the headers of the answer', async () => {
  const cache = createResponseCache(LIMITS)
  const part = cache.partition()
  const model = counting()
  const first = await part.through(request([numbers(1, 2)], { id: 'a' }), call(), to => model.answer(to, 'a'))
  const second = call()
  const repeated = await part.through(request([numbers(1, 2)], { id: 'b' }), second, to =>
    model.answer(to, 'b'),
  )
  assert.equal(model.count(), 1)
  assert.deepEqual(repeated, { ...first, id: 'b' })
  assert.equal(second.set.get('x-answer'), '1')
  assert.deepEqual({ ...cache.statistics, sizeBytes: 0 }, { hits: 1, misses: 1, entries: 1, sizeBytes: 0 })
})

const base = request([numbers(1, 2)])
for (const { what, other, headers } of [
  { what: 'other values', other: request([numbers(1, 3)]) },
  { what: 'another shape', other: request([{ ...numbers(1, 2), shape: [1, 2] }]) },
  { what: 'another name', other: request([{ ...numbers(1, 2), name: 'y' }]) },
  {
    what: 'another datatype with the same bytes',
    other: request([
      { name: 'x', datatype: 'INT32', shape: [2], data: new Int32Array(Float32Array.of(1, 2).buffer) },
    ]),
  },
  { what: 'an input parameter', other: request([{ ...numbers(1, 2), parameters: { a: 1 } }]) },
  { what: 'a request parameter', other: request([numbers(1, 2)], { parameters: { a: 1 } }) },
  { what: 'an output asked for', other: request([numbers(1, 2)], { outputs: [{ name: 'x' }] }) },
  { what: "a header of the application's", other: base, headers: { 'x-tenant': '7' } },
] satisfies { what: string; other: InferenceRequest; headers?: Record<string, string> }[]) {
  test(`${what} makes it another request`, async () => {
    const part = createResponseCache(LIMITS).partition()
    const model = counting()
    await part.through(base, call(), to => model.answer(to, undefined))
    await part.through(other, call(headers), to => model.answer(to, undefined))
    assert.equal(model.count(), 2)
  })
}

test('elements of BYTES are told apart, and 64-bit parameters from text', async () => {
  const part = createResponseCache(LIMITS).partition()
  const model = counting()
  const ask = (of: InferenceRequest) => part.through(of, call(), to => model.answer(to, undefined))
  await ask(request([text('ab', 'c')]))
  await ask(request([text('a', 'bc')]))
  await ask(request([text('a')], { parameters: { n: 1 } }))
  await ask(request([text('a')], { parameters: { n: 1n } }))
  assert.equal(model.count(), 4)
})

test('headers of the way do not matter; a sequence is never answered from the cache', async () => {
  const part = createResponseCache(LIMITS).partition()
  const model = counting()
  await part.through(base, call({ traceparent: '1', 'user-agent': 'a' }), to => model.answer(to, undefined))
  await part.through(base, call({ traceparent: '2' }), to => model.answer(to, undefined))
  assert.equal(model.count(), 1)
  const step = request([numbers(1, 2)], { parameters: { sequence_id: 3 } })
  await part.through(step, call(), to => model.answer(to, undefined))
  await part.through(step, call(), to => model.answer(to, undefined))
  assert.equal(model.count(), 3)
})

test('two models never answer each other, and a failure is not kept', async () => {
  const cache = createResponseCache(LIMITS)
  const [one, two] = [cache.partition(), cache.partition()]
  const model = counting()
  await one.through(base, call(), to => model.answer(to, undefined))
  await two.through(base, call(), to => model.answer(to, undefined))
  assert.equal(model.count(), 2)
  const failing = request([numbers(9)])
  await assert.rejects(
    one.through(failing, call(), () => Promise.reject(new Error('no'))),
    /no/,
  )
  await one.through(failing, call(), to => model.answer(to, undefined))
  assert.equal(model.count(), 3)
})

test('it stays within its entries and its bytes, and what a model writes later does not change it', async () => {
  const cache = createResponseCache({ maxEntries: 3, maxBytes: 10_000 })
  const part = cache.partition()
  const own = Float32Array.of(1)
  const answer = async (): Promise<InferenceResponse> => ({
    modelName: 'm',
    outputs: [{ name: 'y', datatype: 'FP32', shape: [1], data: own }],
  })
  for (let index = 0; index < 20; index++) await part.through(request([numbers(index)]), call(), answer)
  assert.equal(cache.statistics.entries, 3)
  own[0] = 99
  const { outputs } = await part.through(request([numbers(19)]), call(), answer)
  assert.deepEqual(outputs[0]!.data, Float32Array.of(1))

  const large = async (): Promise<InferenceResponse> => ({
    modelName: 'm',
    outputs: [numbers(...Array<number>(5000).fill(0))],
  })
  await part.through(request([numbers(100)]), call(), large)
  assert.ok(cache.statistics.sizeBytes <= 10_000)
  assert.equal(cache.statistics.entries, 3)
})

test('names, parameters and headers count as well, and what a model writes to them later does not change it', async () => {
  const cache = createResponseCache({ maxEntries: 10, maxBytes: 10_000 })
  const part = cache.partition()
  const long = 'x'.repeat(20_000)
  const parameters = { n: 1 }
  const through = (value: number, answer: Partial<InferenceResponse>, header = '') =>
    part.through(request([numbers(value)]), call(), async to => {
      to.setHeader('x-long', header)
      return { modelName: 'm', id: 'a', outputs: [], ...answer }
    })
  await through(1, { parameters: { long } })
  await through(2, { outputs: [{ ...numbers(), parameters: { long: [{ long }] } }] })
  await through(3, { outputs: [{ ...numbers(), name: long }] })
  await through(4, {}, long)
  await through(5, { outputs: Array.from({ length: 100 }, () => numbers()) })
  assert.equal(cache.statistics.entries, 0)

  await through(6, { parameters, outputs: [{ ...numbers(), parameters }] })
  parameters.n = 2
  const kept = await through(6, {})
  assert.deepEqual(kept.parameters, { n: 1 })
  assert.deepEqual(kept.outputs[0]?.parameters, { n: 1 })
})
