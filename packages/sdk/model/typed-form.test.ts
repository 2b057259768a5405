import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { SILENT_CONTEXT, sampleRequest, sampleSettings } from '../test/model-call.ts'
import type { RequestContext } from './context.ts'
import { ContractModel, type InputValues, isTypedModel, type OutputValues } from './contract-model.ts'
import type { InferenceRequest } from './inference.ts'
import { typedForm } from './typed-form.ts'

const contract = defineContract({
  inputs: {
    text: { datatype: 'BYTES', shape: [-1], contentType: 'str' },
    limit: { datatype: 'INT32', shape: [1], isOptional: true },
  },
  outputs: {
    length: { datatype: 'INT32', shape: [-1] },
    shouted: { datatype: 'BYTES', shape: [-1], contentType: 'str', isOptional: true },
  },
})
type Inputs = InputValues<typeof contract>
type Outputs = OutputValues<typeof contract>
type Predict = (values: Inputs, context: RequestContext) => Outputs | Promise<Outputs>

/** A model with this for an answer; plain JavaScript may return anything. */
function modelOf(predict: (...call: Parameters<Predict>) => unknown) {
  class Sample extends ContractModel(contract) {
    override predict(values: Inputs, context: RequestContext) {
      return predict(values, context) as Outputs
    }
  }
  return new Sample(sampleSettings())
}

/** The contract of a model at hand is known to the compiler, but not to the server. */
function formOf(model: object) {
  return isTypedModel(model) ? typedForm(model) : assert.fail('not a ContractModel')
}

const text = toTensor({ name: 'text', datatype: 'BYTES', shape: [2], data: ['one', 'three'] })
const request = sampleRequest([text])
const answer = (predict: (...call: Parameters<Predict>) => unknown, asked: InferenceRequest = request) =>
  formOf(modelOf(predict)).predict(asked, SILENT_CONTEXT)
const count: Predict = values => ({ length: values.text.map(value => value.length) })

async function* streamOf<T>(...values: T[]) {
  yield* values
}

test('values go in and come out by name', async () => {
  const limit: Tensor = { name: 'limit', datatype: 'INT32', shape: [1], data: Int32Array.of(4) }
  const response = await answer(
    ({ text, limit }, context) => {
      assert.deepEqual(text, ['one', 'three'])
      assert.deepEqual(limit?.data, Int32Array.of(4))
      assert.equal(context, SILENT_CONTEXT)
      return { length: [3, 5], shouted: ['ONE', 'THREE'] }
    },
    sampleRequest([limit, text]),
  )
  assert.deepEqual(
    response.outputs.map(({ name, shape }) => [name, shape]),
    [
      ['length', [2]],
      ['shouted', [2]],
    ],
  )
})

const saying = (contentType: string) =>
  sampleRequest([{ ...text, parameters: { content_type: contentType } }])

test('a client may name the content type, but no other kind of value than the contract has', async () => {
  const { outputs } = await answer(count, saying('str'))
  assert.deepEqual(outputs[0]?.data, Int32Array.of(3, 5))
  await assert.rejects(async () => answer(count, saying('base64')), {
    code: 'INVALID_ARGUMENT',
    message:
      "input 'text' has content type 'base64'; the model reads it as 'str', whose values are of another kind",
  })
  await assert.rejects(async () => answer(count, saying('nosuch')), {
    code: 'INVALID_ARGUMENT',
    message: /^input 'text': content type 'nosuch' is not known; known are 'np', 'str'/,
  })
})

test('optional values may be missing on both sides', async () => {
  const response = await answer(values => {
    assert.equal('limit' in values, false)
    return { length: [1], shouted: undefined }
  })
  assert.deepEqual(
    response.outputs.map(({ name }) => name),
    ['length'],
  )
})

test('an input that cannot be decoded is the client’s fault', async () => {
  const broken = toTensor({ name: 'text', datatype: 'BYTES', shape: [1], data: [Uint8Array.of(0xff)] })
  await assert.rejects(async () => answer(count, sampleRequest([broken])), {
    code: 'INVALID_ARGUMENT',
    message: "tensor 'text', element 0 is not valid UTF-8 text, which content type 'str' needs",
  })
})

test('an answer that is none is the model’s fault', async () => {
  const cases: [unknown, string][] = [
    [undefined, 'returned nothing; expected an object of outputs'],
    [null, 'returned nothing; expected an object of outputs'],
    ['text', 'returned nothing; expected an object of outputs'],
    [{ length: [1], scores: [1] }, "returned 'scores', which its contract does not declare"],
    [{ length: 3 }, "returned a wrong answer: output 'length' is 3; expected an array or { shape, data }"],
    [
      { length: [0.5] },
      "returned a wrong answer: tensor 'length', element 0: 0.5 is not an integer from -2147483648 to 2147483647",
    ],
    [
      { length: { shape: [2], data: [1] } },
      "returned a wrong answer: tensor 'length' has 1 element; shape [2] needs exactly 2",
    ],
    [
      { length: [1], shouted: [5] },
      "returned a wrong answer: output 'shouted' is an Array, which content type 'str' cannot write",
    ],
    [
      { length: [1], shouted: ['\ud800'] },
      "returned a wrong answer: tensor 'shouted': element 0: text with half a surrogate pair cannot be written as UTF-8",
    ],
  ]
  for (const [returned, what] of cases) {
    await assert.rejects(async () => answer(() => returned), {
      code: 'INTERNAL',
      message: `Model sample ${what}`,
    })
  }
})

test('what the author throws passes through as it is', async () => {
  for (const thrown of [new ServingError('NOT_FOUND', 'no such row'), new TypeError('oops')]) {
    await assert.rejects(
      async () =>
        answer(() => {
          throw thrown
        }),
      error => error === thrown,
    )
  }
})

test('a stream has one response per request without predictStream', async () => {
  const responses = formOf(modelOf(count)).predictStream(streamOf(request, request), SILENT_CONTEXT)
  assert.equal((await Array.fromAsync(responses)).length, 2)
})

test('a stream has whatever predictStream yields, request after request', async () => {
  class Letters extends ContractModel(contract) {
    override predict = count
    override async *predictStream(values: Inputs) {
      for (const value of values.text) yield { length: [value.length] }
    }
  }
  const form = formOf(new Letters(sampleSettings()))
  const responses = await Array.fromAsync(form.predictStream(streamOf(request, request), SILENT_CONTEXT))
  assert.deepEqual(
    responses.map(({ outputs }) => outputs[0]?.data),
    [3, 5, 3, 5].map(length => Int32Array.of(length)),
  )
})

test('a wrong answer within a stream is the model’s fault', async () => {
  class Wrong extends ContractModel(contract) {
    override predict = count
    override async *predictStream() {
      yield { length: [1] }
      yield { length: [0.5] }
    }
  }
  const responses = formOf(new Wrong(sampleSettings())).predictStream(streamOf(request), SILENT_CONTEXT)
  await assert.rejects(Array.fromAsync(responses), {
    code: 'INTERNAL',
    message: /^Model sample returned a wrong answer/,
  })
})

test('plain JavaScript that forgets a method or the star of a generator is told so', async () => {
  const streamOnly = Object.assign(modelOf(count), { predict: undefined })
  await assert.rejects(async () => formOf(streamOnly).predict(request, SILENT_CONTEXT), {
    code: 'UNIMPLEMENTED',
    message: 'Model sample does not answer single requests; ask for a stream',
  })
  const starless = Object.assign(modelOf(count), { predictStream: () => ({ length: [1] }) })
  const responses = formOf(starless).predictStream(streamOf(request), SILENT_CONTEXT)
  await assert.rejects(Array.fromAsync(responses), {
    code: 'INTERNAL',
    message: /returned an Object from predictStream/,
  })
})

test('a contract whose content type does not exist is refused before any request', () => {
  const wrong = defineContract({
    inputs: { x: { datatype: 'FP32', shape: [1], contentType: 'nosuch' } },
    outputs: {},
  })
  class Wrong extends ContractModel(wrong) {
    override predict() {
      return {}
    }
  }
  assert.throws(() => formOf(new Wrong(sampleSettings())), {
    message: /^input 'x': content type 'nosuch' is not known/,
  })
})
