import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineContract } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import {
  ContractModel,
  type InferenceRequest,
  type InputValues,
  type LoadContext,
  Model,
} from '../model/index.ts'
import { loadForTest } from './load-for-test.ts'

const x = { name: 'x', datatype: 'FP32', shape: [3], data: [1, 2, 3] } as const

class HousePrices extends Model {
  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}

const contract = defineContract({
  inputs: { text: { datatype: 'BYTES', shape: [-1], contentType: 'str' } },
  outputs: { length: { datatype: 'INT32', shape: [-1] } },
})

class Length extends ContractModel(contract) {
  override predict({ text }: InputValues<typeof contract>) {
    return { length: text.map(value => value.length) }
  }
}

const double = ({ inputs: [input] }: InferenceRequest) => ({
  outputs: [{ ...x, name: 'y', data: input?.datatype === 'FP32' ? input.data.map(value => 2 * value) : [] }],
})

test('a class on the level of tensors', async () => {
  await using model = await loadForTest(HousePrices)
  const answer = await model.predict([x])
  assert.equal(answer.modelName, 'house-prices')
  assert.deepEqual(answer.outputs[0]?.shape, [3])
  assert.deepEqual(answer.values, { x: Float32Array.of(1, 2, 3) })
})

test('a class with named values, typed by its contract', async () => {
  await using model = await loadForTest(Length)
  const { outputs, values } = await model.predict({ text: ['one', 'three'] })
  const lengths: Int32Array = values.length
  assert.deepEqual(lengths, Int32Array.of(3, 5))
  assert.equal(outputs[0]?.data, lengths)
})

test('types: wrong names and values of inputs and outputs do not compile', async () => {
  await using model = await loadForTest(Length)
  // @ts-expect-error the input is called text
  await assert.rejects(model.predict({ txt: ['one'] }), {
    message: "unexpected input 'txt'; the model declares 'text'",
  })
  // @ts-expect-error the input is text
  await assert.rejects(model.predict({ text: [1] }), { code: 'INVALID_ARGUMENT' })
  // @ts-expect-error the output is called length
  assert.equal((await model.predict({ text: [] })).values.size, undefined)
})

test('a plain function', async () => {
  await using model = await loadForTest(double)
  const answer = await model.predict([x])
  assert.equal(answer.modelName, 'double')
  assert.deepEqual(answer.values, { y: Float32Array.of(2, 4, 6) })
})

test('any class with predict', async () => {
  class Plain {
    predict({ inputs }: InferenceRequest) {
      return { outputs: inputs }
    }
  }
  await using model = await loadForTest(Plain)
  assert.deepEqual((await model.predict([x])).values, { x: Float32Array.of(1, 2, 3) })
})

test('settings reach the constructor, and load its context', async () => {
  class Loads extends HousePrices {
    override load({ log, metrics, signal }: LoadContext) {
      assert.equal(signal.aborted, false)
      log.info('loading', { folder: this.settings.folder })
      metrics.gauge('weights', 'Number of weights')(7)
      this.outputs = [{ name: 'x', datatype: 'FP32', shape: [-1] }]
    }
  }
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [3] }] as const
  await using model = await loadForTest(Loads, { settings: { inputs, folder: '/models/houses' } })
  assert.deepEqual(model.log.info, [{ message: 'loading', fields: { folder: '/models/houses' } }])
  assert.deepEqual(model.metrics['weights']?.records, [{ value: 7, labels: {} }])
  assert.deepEqual(model.metadata, { inputs, outputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }] })
  assert.deepEqual((await model.predict({ x: [1, 2, 3] })).values, { x: Float32Array.of(1, 2, 3) })
})

test('what load throws, the test sees', async () => {
  const error = new ServingError('FAILED_PRECONDITION', 'weights.bin is missing')
  class Fails extends HousePrices {
    override async load() {
      throw error
    }
  }
  await assert.rejects(loadForTest(Fails), caught => caught === error)
})

test('a model whose load says no is not ready', async () => {
  class NotYet extends HousePrices {
    override load() {
      return false
    }
  }
  await using model = await loadForTest(NotYet)
  await assert.rejects(model.predict([x]), {
    code: 'UNAVAILABLE',
    message: 'Model not-yet is not ready yet.',
  })
})

test('what is no implementation is refused', async () => {
  await assert.rejects(loadForTest(JSON.parse('{}') as typeof HousePrices), {
    code: 'INVALID_ARGUMENT',
    message: /^the implementation is an Object; expected a class/,
  })
})
