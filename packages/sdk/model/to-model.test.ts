import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../contract/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { SILENT_CONTEXT, sampleRequest, sampleSettings } from '../test/model-call.ts'
import { bindModel } from './bound-model.ts'
import type { LoadContext } from './context.ts'
import { ContractModel } from './contract-model.ts'
import type { InferenceRequest, ModelResponse } from './inference.ts'
import { Model } from './model.ts'
import { toModelClass } from './to-model.ts'

const x: Tensor = { name: 'x', datatype: 'INT8', shape: [1], data: Int8Array.of(1) }
const request = sampleRequest([x])

const make = (implementation: unknown, settings = sampleSettings()) =>
  new (toModelClass(implementation))(settings)

const echo = ({ inputs }: InferenceRequest): ModelResponse => ({ outputs: inputs })

async function echoLater(asked: InferenceRequest) {
  return echo(asked)
}

function Old() {}
Object.assign(Old.prototype as object, { predict: echo })

async function* streamOf<T>(...values: T[]) {
  yield* values
}

test('a class that extends Model is taken as it is', () => {
  class Echo extends Model {}
  assert.equal(toModelClass(Echo), Echo)
})

test('a ContractModel class is taken as it is, of any copy of the package', async () => {
  const contract = defineContract({ inputs: {}, outputs: {} })
  class Own extends ContractModel(contract) {
    override predict() {
      return {}
    }
  }
  assert.equal(toModelClass(Own), Own)

  const copy = (await import(new URL('./contract-model.ts?copy', import.meta.url).href)) as {
    ContractModel: typeof ContractModel
  }
  class Foreign extends copy.ContractModel(contract) {
    override predict() {
      return {}
    }
  }
  assert.equal(toModelClass(Foreign), Foreign)
})

test('a Model class of another copy of the package works', async () => {
  const copy = (await import(new URL('./model.ts?copy', import.meta.url).href)) as { Model: typeof Model }
  class Foreign extends copy.Model {
    override predict({ inputs }: InferenceRequest) {
      return { outputs: inputs }
    }
  }
  const model = make(Foreign, sampleSettings({ inputs: [{ name: 'x', datatype: 'INT8', shape: [1] }] }))
  assert.equal(model instanceof Model, false)
  assert.deepEqual((await bindModel(model).predict(request, SILENT_CONTEXT)).outputs, [x])
})

test('a class with nothing but predict is given the rest', async () => {
  class Echo {
    predict({ inputs }: InferenceRequest): ModelResponse {
      return { outputs: inputs }
    }
  }
  const settings = sampleSettings()
  const model = make(Echo, settings)
  assert.ok(model instanceof Echo)
  assert.equal(toModelClass(Echo).name, 'Echo')
  assert.equal(model.settings, settings)
  assert.equal(model.inputs, settings.inputs)
  assert.equal(model.outputs, settings.outputs)
  assert.equal(model.isReady, true)
  const bound = bindModel(model)
  assert.deepEqual((await bound.predict(request, SILENT_CONTEXT)).outputs, [x])
  const [streamed] = await Array.fromAsync(bound.predictStream(streamOf(request), SILENT_CONTEXT))
  assert.deepEqual(streamed?.outputs, [x])
})

test('a class with nothing but predictStream is given the rest', async () => {
  class Twice {
    async *predictStream(requests: AsyncIterable<InferenceRequest>): AsyncIterable<ModelResponse> {
      for await (const { inputs } of requests) {
        yield { outputs: inputs }
        yield { outputs: [] }
      }
    }
  }
  const bound = bindModel(make(Twice))
  const responses = await Array.fromAsync(bound.predictStream(streamOf(request), SILENT_CONTEXT))
  assert.deepEqual(
    responses.map(response => response.outputs),
    [[x], []],
  )
  await assert.rejects(bound.predict(request, SILENT_CONTEXT), { code: 'UNIMPLEMENTED' })
})

test('such a class keeps what it sets itself, in its constructor and in load', async () => {
  class Own {
    readonly #seen: unknown[] = []
    isReady = false
    inputs: unknown
    settings: unknown
    constructor(settings: unknown) {
      this.#seen.push(settings)
    }
    load(context: LoadContext) {
      this.#seen.push(context)
      this.inputs = [{ name: 'found', datatype: 'INT8', shape: [1] }]
    }
    predict(): ModelResponse {
      return { outputs: [], parameters: { seen: this.#seen.length } }
    }
  }
  const settings = sampleSettings()
  const model = make(Own, settings)
  assert.equal(model.isReady, false)
  assert.equal(model.settings, settings)
  await model.load?.({ ...SILENT_CONTEXT })
  assert.deepEqual(model.inputs, [{ name: 'found', datatype: 'INT8', shape: [1] }])
  const found = { ...x, name: 'found' }
  const response = await bindModel(model).predict(sampleRequest([found]), SILENT_CONTEXT)
  assert.deepEqual(response.parameters, { seen: 2 })
})

test('a function written the old way with predict on its prototype is a class', async () => {
  assert.deepEqual((await bindModel(make(Old)).predict(request, SILENT_CONTEXT)).outputs, [x])
})

test('a plain function is a model, be it an arrow, async or bound', async () => {
  for (const implementation of [echo, echoLater, echoLater.bind(null)]) {
    const bound = bindModel(make(implementation))
    assert.deepEqual((await bound.predict(request, SILENT_CONTEXT)).outputs, [x])
    assert.equal(toModelClass(implementation).name, implementation.name)
  }
})

test('a plain function gets the context of the request', async () => {
  let seen: unknown
  const model = make((_: InferenceRequest, context: unknown) => {
    seen = context
    return { outputs: [] }
  })
  await bindModel(model).predict(request, SILENT_CONTEXT)
  assert.equal(seen, SILENT_CONTEXT)
})

test('anything else is refused with what is accepted', () => {
  const cases: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [{ predict: () => ({ outputs: [] }) }, 'an Object'],
    ['./model.ts', '"./model.ts"'],
    [
      class Empty {
        readonly answer = 42
      },
      'the class Empty',
    ],
    [Map, 'the class Map'],
    [streamOf, 'the generator function streamOf'],
    [Object(function* () {}), 'the generator function (anonymous)'],
  ]
  for (const [implementation, kind] of cases) {
    assert.throws(() => toModelClass(implementation), {
      code: 'INVALID_ARGUMENT',
      message:
        `the implementation is ${kind}; expected a class that extends Model or ContractModel(…), ` +
        'a class with a predict or predictStream method, or a function (request, context) => response',
    })
  }
})
