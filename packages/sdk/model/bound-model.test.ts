import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract, type ModelContract } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { SILENT_CONTEXT, sampleRequest, sampleSettings } from '../test/model-call.ts'
import { bindModel } from './bound-model.ts'
import type { RequestContext } from './context.ts'
import { ContractModel } from './contract-model.ts'
import type { InferenceRequest, ModelResponse } from './inference.ts'
import { Model } from './model.ts'
import type { ModelSettings } from './settings.ts'

const CONTRACT: ModelContract = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
  outputs: [
    { name: 'sum', datatype: 'FP64', shape: [1] },
    { name: 'count', datatype: 'INT32', shape: [1], isOptional: true },
  ],
}
const x: Tensor = { name: 'x', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) }
const sum: Tensor = { name: 'sum', datatype: 'FP64', shape: [1], data: Float64Array.of(3) }
const tally: Tensor = { name: 'count', datatype: 'INT32', shape: [1], data: Int32Array.of(2) }

type Answer = (request: InferenceRequest, context: RequestContext) => unknown

/** A bound model with this for an answer; plain JavaScript may return anything. */
function bound(answer: Answer, settings: Partial<ModelSettings> = CONTRACT) {
  class Sample extends Model {
    override predict(request: InferenceRequest, context: RequestContext) {
      return answer(request, context) as ModelResponse
    }
  }
  return bindModel(new Sample(sampleSettings(settings)))
}

function streaming(
  answer: (requests: AsyncIterable<InferenceRequest>) => unknown,
  settings: Partial<ModelSettings> = {},
) {
  class Sample extends Model {
    override predictStream(requests: AsyncIterable<InferenceRequest>) {
      return answer(requests) as AsyncIterable<ModelResponse>
    }
  }
  return bindModel(new Sample(sampleSettings(settings)))
}

const ask = (answer: Answer, request = sampleRequest([x]), settings?: Partial<ModelSettings>) =>
  bound(answer, settings).predict(request, SILENT_CONTEXT)

async function* streamOf<T>(...values: T[]) {
  yield* values
}

const respond = () => ({ outputs: [sum, tally] })
const echo: Answer = ({ inputs }) => ({ outputs: inputs })
const unreachable = () => assert.fail('the model was asked')
const wrong = (message: string) => `returned a wrong answer: ${message}`

test('a response carries name, version, the id of its request and exact tensors', async () => {
  const answer = {
    outputs: [{ name: 'sum', datatype: 'FP64', shape: [1], data: [3] }],
    parameters: { took: 'no time' },
  }
  const settings = { ...CONTRACT, version: 'v2' }
  assert.deepEqual(await ask(() => answer, sampleRequest([x], { id: '42' }), settings), {
    modelName: 'sample',
    modelVersion: 'v2',
    id: '42',
    parameters: { took: 'no time' },
    outputs: [{ name: 'sum', datatype: 'FP64', shape: [1], data: Float64Array.of(3) }],
  })
})

test('the model gets request and context untouched, and its exact outputs are not copied', async () => {
  const request = sampleRequest([x])
  const response = await ask((asked, context) => {
    assert.equal(asked, request)
    assert.equal(context, SILENT_CONTEXT)
    return Promise.resolve({ outputs: [sum] })
  }, request)
  assert.equal(response.outputs[0], sum)
})

test('outputs are selected by name, in the order asked for', async () => {
  const asked = sampleRequest([x], { outputs: [{ name: 'count' }, { name: 'sum' }] })
  assert.deepEqual((await ask(respond, asked)).outputs, [tally, sum])
  const one = sampleRequest([x], { outputs: [{ name: 'count' }] })
  assert.deepEqual((await ask(respond, one)).outputs, [tally])
  assert.deepEqual((await ask(respond, sampleRequest([x], { outputs: [] }))).outputs, [sum, tally])
})

test('a request that breaks the contract never reaches the model', async () => {
  const cases: [InferenceRequest, string][] = [
    [sampleRequest([]), "input 'x' is missing; expected FP32 of shape [-1]"],
    [sampleRequest([{ ...x, name: 'y' }]), "unexpected input 'y'; the model declares 'x'"],
    [
      sampleRequest([x], { outputs: [{ name: 'mean' }] }),
      "output 'mean' does not exist; the model has 'sum', 'count'",
    ],
    [sampleRequest([x], { outputs: [{ name: 'sum' }, { name: 'sum' }] }), "output 'sum' is asked for twice"],
  ]
  for (const [request, message] of cases) {
    await assert.rejects(ask(unreachable, request), { code: 'INVALID_ARGUMENT', message })
    const responses = bound(unreachable).predictStream(streamOf(request), SILENT_CONTEXT)
    await assert.rejects(Array.fromAsync(responses), { code: 'INVALID_ARGUMENT', message })
  }
})

test('a wrong answer is the model’s fault, and says what is wrong', async () => {
  const cases: [unknown, string][] = [
    [undefined, 'returned nothing; expected { outputs: [...] }'],
    [null, 'returned nothing; expected { outputs: [...] }'],
    [5, 'returned 5; expected { outputs: [...] }'],
    [[sum], 'returned no outputs; expected { outputs: [...] }'],
    [{ outputs: { sum } }, 'returned no outputs; expected { outputs: [...] }'],
    [{ outputs: [null] }, wrong('expected a tensor { name, datatype, shape, data }, got null')],
    [{ outputs: [{ ...sum, shape: [2] }] }, wrong("tensor 'sum' has 1 element; shape [2] needs exactly 2")],
    [
      { outputs: [{ ...sum, shape: undefined }] },
      wrong("tensor 'sum' has shape undefined; expected an array of integers"),
    ],
    [{ outputs: [{ ...sum, data: [1n] }] }, wrong("tensor 'sum', element 0: 1 is not a number")],
    [
      { outputs: [{ ...sum, data: '3' }] },
      wrong(`tensor 'sum' of datatype FP64 holds "3"; expected a Float64Array or an array of values`),
    ],
    [{ outputs: [] }, wrong("output 'sum' is missing; expected FP64 of shape [1]")],
    [{ outputs: [sum, x] }, wrong("unexpected output 'x'; the model declares 'sum', 'count'")],
    [{ outputs: [sum, sum] }, wrong("output 'sum' is given twice")],
    [{ outputs: [{ ...x, name: 'sum' }] }, wrong("output 'sum' has datatype FP32; expected FP64")],
    [{ outputs: [{ ...sum, shape: [1, 1] }] }, wrong("output 'sum' has shape [1,1]; expected [1]")],
  ]
  for (const [returned, message] of cases) {
    await assert.rejects(
      ask(() => returned),
      { code: 'INTERNAL', message: `Model sample ${message}` },
    )
  }
})

test('what the author throws passes through as it is, at once or later', async () => {
  const thrown = [new ServingError('INVALID_ARGUMENT', 'too old'), new TypeError('oops')]
  for (const error of thrown) {
    const fail = () => {
      throw error
    }
    await assert.rejects(ask(fail), caught => caught === error)
    await assert.rejects(
      ask(async () => fail()),
      caught => caught === error,
    )
    const responses = bound(fail).predictStream(streamOf(sampleRequest([x])), SILENT_CONTEXT)
    await assert.rejects(Array.fromAsync(responses), caught => caught === error)
  }
})

test('the contract is not enforced where the settings say so', async () => {
  const settings = { ...CONTRACT, enforceContract: false }
  const y: Tensor = { ...x, name: 'y' }
  assert.deepEqual((await ask(echo, sampleRequest([y]), settings)).outputs, [y])
  const one = sampleRequest([x, y], { outputs: [{ name: 'y' }] })
  assert.deepEqual((await ask(echo, one, settings)).outputs, [y])
})

test('tensors are exact and outputs exist even where no contract is enforced', async () => {
  const settings = { enforceContract: false }
  await assert.rejects(
    ask(() => ({ outputs: [{ ...x, shape: [3] }] }), sampleRequest([]), settings),
    { code: 'INTERNAL' },
  )
  const asked = sampleRequest([], { outputs: [{ name: 'mean' }] })
  await assert.rejects(ask(respond, asked, settings), {
    code: 'INVALID_ARGUMENT',
    message: "output 'mean' does not exist; the model answered with 'sum', 'count'",
  })
})

test('a model that declares nothing takes and answers anything', async () => {
  assert.deepEqual((await ask(respond, sampleRequest([x, x]), {})).outputs, [sum, tally])
})

test('inputs and outputs are those after load', async () => {
  class Late extends Model {
    override load() {
      this.inputs = CONTRACT.inputs
    }
    override predict() {
      return respond()
    }
  }
  const model = new Late(sampleSettings())
  model.load()
  await assert.rejects(bindModel(model).predict(sampleRequest([]), SILENT_CONTEXT), {
    code: 'INVALID_ARGUMENT',
  })
})

test('a model without an answer is refused before any request', () => {
  class Silent extends Model {}
  // @ts-expect-error plain JavaScript can forget what TypeScript asks for
  class SilentToo extends ContractModel({ inputs: {}, outputs: {} }) {}
  for (const model of [new Silent(sampleSettings()), new SilentToo(sampleSettings())]) {
    assert.throws(() => bindModel(model), {
      code: 'INVALID_ARGUMENT',
      message: 'Model sample has neither predict nor predictStream, so it can answer nothing',
    })
  }
})

test('a route that cannot be called is refused before any request', () => {
  for (const route of [null, 5, { method: 'GET', path: '/x' }, { method: 'GET', path: 5, handle() {} }]) {
    class Routed extends Model {
      override routes = [route] as unknown as Model['routes']
      override predict = respond
    }
    assert.throws(() => bindModel(new Routed(sampleSettings())), {
      code: 'INVALID_ARGUMENT',
      message: /^Model sample: routes\[0\] is .*; expected \{ method, path, handle \}/,
    })
  }
})

test('a method in a field is an answer', async () => {
  class Fields extends Model {
    override predict = respond
  }
  const response = await bindModel(new Fields(sampleSettings())).predict(sampleRequest([x]), SILENT_CONTEXT)
  assert.deepEqual(response.outputs, [sum, tally])
})

test('a contract that contradicts itself is refused before any request', () => {
  const [input] = CONTRACT.inputs
  assert.throws(() => bound(respond, { inputs: [input!, input!] }), {
    message: "input 'x' is declared twice",
  })
})

test('each response of a stream carries the id of the latest request', async () => {
  const model = streaming(async function* (requests) {
    for await (const _ of requests) {
      yield { outputs: [sum] }
      yield { outputs: [sum] }
    }
  })
  const requests = streamOf(sampleRequest([x], { id: 'a' }), sampleRequest([x], { id: 'b' }))
  const responses = await Array.fromAsync(model.predictStream(requests, SILENT_CONTEXT))
  assert.deepEqual(
    responses.map(({ id }) => id),
    ['a', 'a', 'b', 'b'],
  )
})

test('the outputs of a stream are checked and selected like those of a single answer', async () => {
  const model = streaming(async function* (requests) {
    for await (const _ of requests) yield respond()
    yield { outputs: [] }
  }, CONTRACT)
  const request = sampleRequest([x], { outputs: [{ name: 'sum' }] })
  const seen: unknown[] = []
  const read = async () => {
    for await (const { outputs } of model.predictStream(streamOf(request), SILENT_CONTEXT)) seen.push(outputs)
  }
  await assert.rejects(read, {
    code: 'INTERNAL',
    message: "Model sample returned a wrong answer: output 'sum' is missing; expected FP64 of shape [1]",
  })
  assert.deepEqual(seen, [[sum]])
})

test('a stream is answered after a request was read', async () => {
  const model = streaming(async function* () {
    yield { outputs: [] }
  })
  await assert.rejects(Array.fromAsync(model.predictStream(streamOf(sampleRequest([x])), SILENT_CONTEXT)), {
    code: 'INTERNAL',
    message: 'Model sample answered a stream before it read a request',
  })
})

test('a stream that is none is the model’s fault', async () => {
  const model = streaming(() => undefined)
  await assert.rejects(Array.fromAsync(model.predictStream(streamOf(sampleRequest([x])), SILENT_CONTEXT)), {
    code: 'INTERNAL',
    message: /^Model sample returned undefined from predictStream; expected an async iterable/,
  })
})

test('who leaves a stream early ends the model’s and the client’s side of it', async () => {
  const ended: string[] = []
  const model = streaming(async function* (requests) {
    try {
      for await (const _ of requests) yield { outputs: [sum] }
    } finally {
      ended.push('model')
    }
  })
  const requests = (async function* () {
    try {
      yield sampleRequest([x])
      yield sampleRequest([x])
    } finally {
      ended.push('requests')
    }
  })()
  for await (const _ of model.predictStream(requests, SILENT_CONTEXT)) break
  assert.deepEqual(ended, ['requests', 'model'])
})

test('a model with named values is bound by the same rules', async () => {
  const contract = defineContract({
    inputs: { x: { datatype: 'FP32', shape: [-1] } },
    outputs: {
      sum: { datatype: 'FP64', shape: [1] },
      count: { datatype: 'INT32', shape: [1], isOptional: true },
    },
  })
  class Typed extends ContractModel(contract) {
    override predict({ x }: { x: Tensor<'FP32'> }) {
      return { sum: x.data.length === 0 ? [] : [x.data.reduce((total, value) => total + value)] }
    }
  }
  const model = bindModel(new Typed(sampleSettings()))
  const response = await model.predict(sampleRequest([x], { id: '1' }), SILENT_CONTEXT)
  assert.deepEqual(response.outputs[0]?.data, Float64Array.of(3))
  await assert.rejects(model.predict(sampleRequest([]), SILENT_CONTEXT), { code: 'INVALID_ARGUMENT' })
  // Its inferred shape does not fit: the model is to blame, not the client who sent nothing to add up.
  const empty = { ...x, shape: [0], data: new Float32Array() }
  await assert.rejects(model.predict(sampleRequest([empty]), SILENT_CONTEXT), {
    code: 'INTERNAL',
    message:
      "Model sample returned a wrong answer: tensor 'sum' has 0 elements, which do not fit its declared shape [1]",
  })
})
