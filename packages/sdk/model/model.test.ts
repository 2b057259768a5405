import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SILENT_CONTEXT, sampleRequest, sampleSettings } from '../test/model-call.ts'
import type { InferenceRequest } from './inference.ts'
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
