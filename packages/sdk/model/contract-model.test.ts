import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EncodedImage, NdArray } from '../codecs/index.ts'
import { type ContractDefinition, defineContract, toModelContract } from '../contract/index.ts'
import type { BytesArray, Tensor } from '../tensor/index.ts'
import { sampleSettings } from '../test/model-call.ts'
import {
  CONTRACT,
  ContractModel,
  type DecodedValues,
  type InputValues,
  isTypedModel,
  type OutputValues,
  type PlainValues,
} from './contract-model.ts'
import { Model } from './model.ts'

const contract = defineContract({
  inputs: {
    text: { datatype: 'BYTES', shape: [-1], contentType: 'str' },
    raw: { datatype: 'BYTES', shape: [-1] },
    limit: { datatype: 'INT32', shape: [1], isOptional: true },
  },
  outputs: {
    score: { datatype: 'FP32', shape: [-1] },
    count: { datatype: 'INT64', shape: [1] },
    label: { datatype: 'BYTES', shape: [-1], contentType: 'str', isOptional: true },
  },
})

class Scores extends ContractModel(contract) {
  override predict({ text }: InputValues<typeof contract>) {
    return { score: text.map(value => value.length), count: [text.length] }
  }
}

test('has the inputs and outputs of its contract, whatever the settings say', () => {
  const model = new Scores(sampleSettings({ inputs: [{ name: 'other', datatype: 'INT8', shape: [1] }] }))
  const { inputs, outputs } = toModelContract(contract)
  assert.deepEqual(model.inputs, inputs)
  assert.deepEqual(model.outputs, outputs)
})

test('is told by its brand, as a class and as an instance', () => {
  assert.equal(CONTRACT in Scores.prototype, true)
  const model = new Scores(sampleSettings())
  assert.equal(isTypedModel(model), true)
  assert.equal(isTypedModel(model) && model[CONTRACT], contract)
  class Plain extends Model {}
  assert.equal(isTypedModel(new Plain(sampleSettings())), false)
})

test('contracts of different models do not mix', () => {
  const other = defineContract({ inputs: {}, outputs: {} })
  class Empty extends ContractModel(other) {
    override predict() {
      return {}
    }
  }
  assert.equal(new Empty(sampleSettings())[CONTRACT], other)
  assert.equal(new Scores(sampleSettings())[CONTRACT], contract)
})

/** True if each type can stand for the other; a wrong one does not compile where `true` is expected. */
type Same<A, B> = [A, B] extends [B, A] ? true : false
type Inputs = InputValues<typeof contract>
type Outputs = OutputValues<typeof contract>
type Decoded = DecodedValues<(typeof contract)['outputs']>

test('types: inputs are decoded values or tensors, optional where the contract says so', () => {
  const isText: Same<Inputs['text'], readonly string[]> = true
  const isTensor: Same<Inputs['raw'], Tensor<'BYTES'>> = true
  const isOptional: Same<Inputs['limit'], Tensor<'INT32'> | undefined> = true
  assert.ok(isText && isTensor && isOptional)
})

test('types: decoded outputs are what a client reads', () => {
  const isArray: Same<Decoded['score'], Float32Array> = true
  const isBigArray: Same<Decoded['count'], BigInt64Array> = true
  const isOptional: Same<Decoded['label'], readonly string[] | undefined> = true
  const isBytes: Same<DecodedValues<(typeof contract)['inputs']>['raw'], BytesArray> = true
  assert.ok(isArray && isBigArray && isOptional && isBytes)
})

test('types: outputs take lists, exact arrays and shaped data, and nothing else', () => {
  const outputs: Outputs[] = [
    { score: [1, 2], count: [1n] },
    { score: Float32Array.of(1), count: BigInt64Array.of(1n), label: ['a'] },
    { score: { shape: [1], data: [1] }, count: [1] },
    // @ts-expect-error score is missing
    { count: [1] },
    // @ts-expect-error there is no output of this name
    { score: [1], count: [1], scores: [1] },
    // @ts-expect-error score is FP32
    { score: Float64Array.of(1), count: [1] },
    // @ts-expect-error score is FP32
    { score: ['high'], count: [1] },
    // @ts-expect-error label is text
    { score: [1], count: [1], label: [1] },
    // @ts-expect-error shaped data has the datatype too
    { score: { shape: [1], data: Int8Array.of(1) }, count: [1] },
  ]
  assert.equal(outputs.length, 9)
})

test('types: plain inputs are given as outputs are', () => {
  const inputs: PlainValues<(typeof contract)['inputs']>[] = [
    { text: ['a'], raw: ['b', Uint8Array.of(1)], limit: [1] },
    // @ts-expect-error raw is missing
    { text: ['a'] },
    // @ts-expect-error text is text
    { text: [1], raw: [] },
  ]
  assert.equal(inputs.length, 3)
})

test('types: every content type has the values of its codec', () => {
  const coded = defineContract({
    inputs: {
      array: { datatype: 'FP32', shape: [-1, 4], contentType: 'np' },
      count: { datatype: 'INT64', shape: [1], contentType: 'raw' },
      name: { datatype: 'BYTES', shape: [1], contentType: 'raw' },
      pictures: { datatype: 'BYTES', shape: [-1], contentType: 'pillow_image' },
      options: { datatype: 'BYTES', shape: [1], contentType: 'json' },
    },
    outputs: { array: { datatype: 'FP32', shape: [-1], contentType: 'np' } },
  })
  type Coded = InputValues<typeof coded>
  const isArray: Same<Coded['array'], NdArray<'FP32'>> = true
  const isWhole: Same<Coded['count'], number | bigint> = true
  const isText: Same<Coded['name'], string> = true
  const isPictures: Same<Coded['pictures'], readonly EncodedImage[]> = true
  const isAnything: Same<Coded['options'], unknown> = true
  const outputs: OutputValues<typeof coded>[] = [
    { array: [1, 2] },
    { array: [[1], [2]] },
    { array: Float32Array.of(1) },
    { array: NdArray.of('FP32', [1], [1]) },
    // @ts-expect-error the field is FP32
    { array: Float64Array.of(1) },
    // @ts-expect-error the field is FP32
    { array: NdArray.of('FP64', [1], [1]) },
    // @ts-expect-error the field is of numbers
    { array: ['a'] },
  ]
  assert.ok(isArray && isWhole && isText && isPictures && isAnything && outputs.length === 7)
})

test('types: a model whose answer breaks its contract does not compile', () => {
  class WrongName extends ContractModel(contract) {
    // @ts-expect-error it is called score
    override predict() {
      return { scores: [1], count: [1n] }
    }
  }
  class WrongDatatype extends ContractModel(contract) {
    // @ts-expect-error score is FP32
    override async predict() {
      return { score: Float64Array.of(1), count: [1n] }
    }
  }
  class WrongStream extends ContractModel(contract) {
    override predict(): Outputs {
      return { score: [1], count: [1] }
    }
    // @ts-expect-error score is FP32
    override async *predictStream() {
      yield { score: ['high'], count: [1] }
    }
  }
  class WrongInput extends ContractModel(contract) {
    override predict(values: Inputs) {
      // @ts-expect-error it is called text
      const texts: unknown = values.txt
      return { score: [Number(texts)], count: [1] }
    }
  }
  // @ts-expect-error predict is missing
  class NoAnswer extends ContractModel(contract) {}
  const classes = [WrongName, WrongDatatype, WrongStream, WrongInput, NoAnswer]
  for (const Class of classes) assert.equal(CONTRACT in Class.prototype, true)
})

test('types: a contract with an unknown datatype does not compile', () => {
  const wrong = { inputs: { x: { datatype: 'TEXT', shape: [1] } }, outputs: {} } as const
  // @ts-expect-error there is no such datatype
  const definition: ContractDefinition = wrong
  assert.ok(definition)
})
