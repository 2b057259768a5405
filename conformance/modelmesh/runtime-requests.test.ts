import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callErrorOf } from './bed/call-error.ts'
import { looksMissing } from './bed/mesh.ts'
import { startRuntimeBed } from './bed/runtime-bed.ts'
import { ask, irisModel, watchedModel } from './bed/runtime-models.ts'
import { gate, reached } from './bed/watched-models.ts'

suite('requests', () => {
  test('check 46: how many a model takes at once is told, and no more wait in a queue', async t => {
    const bed = await startRuntimeBed(t, {
      settings: { model_runtime_limits_concurrency: true, max_concurrent_requests: 40 },
    })
    assert.equal((await bed.status()).limitModelConcurrency, true)
    const model = await watchedModel(bed, { hold: 'first' }, { max_concurrent_requests: 2 })
    assert.equal((await bed.load(model)).maxConcurrency, 2)
    // Without a limit of its own it has the server's.
    assert.equal((await bed.load(await watchedModel(bed))).maxConcurrency, 30)

    const asking = [ask(bed, model.modelId), ask(bed, model.modelId)]
    await reached('first')
    await assert.rejects(ask(bed, model.modelId), { code: 8 })
    gate('first').resolve()
    assert.deepEqual(await Promise.all(asking), [model.modelId, model.modelId])
  })

  test('check 45: a request that names two models is refused', async t => {
    const bed = await startRuntimeBed(t)
    const [model, other] = [await watchedModel(bed), await watchedModel(bed)]
    await bed.load(model)
    await bed.load(other)
    const id = model.modelId
    const both = { 'mm-model-id': id, 'mm-model-id-bin': id }
    assert.equal(await ask(bed, id), id)
    assert.equal(await ask(bed, id, both), id)
    for (const headers of [{ 'mm-model-id': other.modelId }, { 'mm-model-id-bin': other.modelId }]) {
      await assert.rejects(ask(bed, id, headers), {
        code: 3,
        details: /^the message names the model "watched/,
      })
    }
    // Decoders take the last of several: so does the check.
    const twice = Buffer.concat([field(1, other.modelId), field(1, id)])
    await assert.rejects(
      bed.data.call('ModelMetadata', twice, { headers: { 'mm-model-id': other.modelId } }),
      {
        code: 3,
      },
    )
    const { message } = await bed.data.call<{ name: string }>('ModelMetadata', twice, { headers: both })
    assert.equal(message.name, id)
    for (const method of ['ModelReady', 'ModelMetadata']) {
      await assert.rejects(bed.data.call(method, { name: id }, { headers: { 'mm-model-id': 'x' } }), {
        code: 3,
      })
    }
  })

  test('check 45: no refusal but that of a missing model looks like one', async t => {
    const bed = await startRuntimeBed(t)
    const model = await irisModel(bed)
    await bed.load(model)
    const refusals: readonly object[] = [
      { model_name: model.modelId },
      { model_name: model.modelId, inputs: [{ name: 'nothing', datatype: 'FP32', shape: ['1', '4'] }] },
      { model_name: model.modelId, inputs: [{ name: 'x', datatype: 'WHAT', shape: ['-1'] }] },
      { model_name: model.modelId, model_version: '7', inputs: [] },
    ]
    // A mesh says whom it means.
    const headers = { 'mm-model-id': model.modelId }
    for (const request of refusals) {
      await assert.rejects(
        bed.data.call('ModelInfer', request, { headers }),
        (error: { code: number; details: string }) => {
          assert.notEqual(error.code, 5)
          assert.ok(!looksMissing(callErrorOf(error)), error.details)
          return true
        },
      )
    }
  })
})

/** A field of text, as protobuf writes it. */
function field(number: number, text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}
