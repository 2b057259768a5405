import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  base64Codec,
  DataFrame,
  dataFrameCodec,
  jsonCodec,
  NdArray,
  type RequestCodec,
  type TensorCodec,
  textCodec,
} from '../codecs/index.ts'
import { type Tensor, toTensor } from '../tensor/index.ts'
import { SILENT_CONTEXT, sampleRequest, sampleSettings } from '../test/model-call.ts'
import type { InferenceRequest, RequestedOutput } from './inference.ts'
import { Model } from './model.ts'

class Echo extends Model {
  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}

class Silent extends Model {}

test('a model has its settings, and their inputs and outputs', () => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1] }] as const
  const settings = sampleSettings({ inputs })
  const model = new Echo(settings)
  assert.equal(model.settings, settings)
  assert.equal(model.inputs, inputs)
  assert.deepEqual(model.outputs, [])
  assert.equal(model.isReady, true)
  assert.equal('load' in model || 'unload' in model, false)
})

test('without predict it says that it only streams', () => {
  assert.throws(() => new Silent(sampleSettings()).predict(sampleRequest([]), SILENT_CONTEXT), {
    code: 'UNIMPLEMENTED',
    message: 'Model sample does not answer single requests; ask for a stream',
  })
})

test('without predictStream it answers each request of a stream by predict', async () => {
  const inputs = [{ name: 'x', datatype: 'INT8', shape: [1], data: Int8Array.of(1) }] as const
  const responses = new Echo(sampleSettings()).predictStream(
    (async function* () {
      yield sampleRequest(inputs)
      yield sampleRequest([])
    })(),
    SILENT_CONTEXT,
  )
  assert.deepEqual(await Array.fromAsync(responses), [{ outputs: inputs }, { outputs: [] }])
})

/** Makes what authors call inside a class reachable from a test. */
class Open extends Model {
  read(tensor: Tensor, codec?: TensorCodec<unknown>) {
    return codec === undefined ? this.decode(tensor) : this.decode(tensor, codec)
  }
  readAll(request: InferenceRequest, codec?: RequestCodec<unknown>) {
    return codec === undefined ? this.decodeRequest(request) : this.decodeRequest(request, codec)
  }
  write(name: string, value: unknown, requested?: RequestedOutput, codec?: TensorCodec<unknown>) {
    return this.encode(name, value, requested, codec)
  }
  writeAll(value: unknown, codec?: RequestCodec<unknown>) {
    return this.encodeResponse(value, codec)
  }
}

const text = toTensor({ name: 'text', datatype: 'BYTES', shape: [1], data: ['YQ=='] })
const saying = (contentType: string): Tensor => ({ ...text, parameters: { content_type: contentType } })
const A = [Uint8Array.of(97)]

test('decode knows the inputs that the model declares', () => {
  const model = new Open(sampleSettings())
  assert.equal(model.read(text), text)
  assert.deepEqual(model.read(text, base64Codec), A)
  // As `load` sets them from an artefact.
  model.inputs = [{ name: 'text', datatype: 'BYTES', shape: [-1], contentType: 'str' }]
  assert.deepEqual(model.read(text), ['YQ=='])
  assert.deepEqual(model.read(saying('base64')), A)
  assert.throws(() => model.read(saying('base64'), textCodec), { code: 'INVALID_ARGUMENT' })
})

test('decodeRequest knows the content type of the settings', () => {
  const frame = DataFrame.of({ text: [new TextEncoder().encode('YQ==')] })
  const request = sampleRequest([text])
  const model = new Open(sampleSettings({ contentType: 'pd' }))
  assert.deepEqual(model.readAll(request), frame)
  assert.ok(NdArray.is(model.readAll(sampleRequest([text], { parameters: { content_type: 'np' } }))))
  const plain = new Open(sampleSettings())
  assert.equal(plain.readAll(request), request)
  assert.deepEqual(plain.readAll(request, dataFrameCodec), frame)
  model.inputs = [{ name: 'text', datatype: 'BYTES', shape: [-1], contentType: 'base64' }]
  assert.deepEqual(model.readAll(request, dataFrameCodec), DataFrame.of({ text: A }))
})

test('encode knows the outputs that the model declares, and what the client asked for', () => {
  const outputs = [{ name: 'y', datatype: 'BYTES', shape: [-1], contentType: 'pd_json' }] as const
  const model = new Open(sampleSettings({ outputs }))
  assert.deepEqual(model.write('y', ['a']).parameters, { content_type: 'pd_json' })
  const asked = { name: 'y', parameters: { content_type: 'str' } }
  const tensor = model.write('y', ['a'], asked)
  assert.deepEqual([tensor.shape, tensor.parameters], [[1], { content_type: 'str' }])
  assert.deepEqual(model.write('other', { a: 1 }, undefined, jsonCodec).parameters, { content_type: 'json' })
  assert.throws(() => model.write('other', { a: 1 }), /Codec not found for output field with name 'other'/)
})

test('encodeResponse is an answer as predict returns it', () => {
  const { outputs, parameters } = new Open(sampleSettings()).writeAll([1.5])
  assert.deepEqual(parameters, { content_type: 'np' })
  assert.deepEqual(outputs[0]?.name, 'output-1')
})

test('types: with a default the value has its type, without one it must be looked at', () => {
  class Typed extends Model {
    override predict(request: InferenceRequest) {
      const texts: readonly string[] = this.decode(request.inputs[0]!, textCodec)
      const frame: DataFrame = this.decodeRequest(request, dataFrameCodec)
      // @ts-expect-error anything may come
      const wrong: readonly string[] = this.decode(request.inputs[0]!)
      // @ts-expect-error they are texts
      const bytes: readonly Uint8Array[] = this.decode(request.inputs[0]!, textCodec)
      assert.deepEqual([bytes, wrong], [texts, request.inputs[0]])
      return this.encodeResponse(frame)
    }
  }
  const { outputs } = new Typed(sampleSettings()).predict(sampleRequest([text]))
  assert.deepEqual(outputs[0]?.name, 'text')
})
