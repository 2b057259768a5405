import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { exampleModel, type RuntimeModel, startRuntimeBed } from './bed/runtime-bed.ts'
import { ask, irisModel, watchedModel } from './bed/runtime-models.ts'
import { aliveOf, gate, reached, WATCHED_MODEL } from './bed/watched-models.ts'

suite('the status', () => {
  test('check 35: STARTING while the own models load, then READY with nothing of an earlier mesh', async t => {
    const bed = await startRuntimeBed(t, {
      files: {
        'own/model-settings.json': JSON.stringify({
          name: 'own',
          implementation: WATCHED_MODEL,
          parameters: { extra: { gate: 'own' } },
        }),
      },
    })
    await reached('own')
    assert.equal((await bed.status()).status, 'STARTING')
    gate('own').resolve()
    await bed.server.started
    const status = await bed.status()
    assert.equal(status.status, 'READY')
    assert.ok(status.runtimeVersion.length > 0)

    const model = await watchedModel(bed)
    const slow = await watchedModel(bed, { gate: 'purged' })
    await bed.load(model)
    const loading = assert.rejects(bed.load(slow), { code: 'CANCELLED' })
    await reached('purged')
    assert.equal((await bed.status()).status, 'READY')
    await loading
    // What the operator gave the server is not the mesh's.
    assert.deepEqual(await bed.index(), { own: 'READY' })
    assert.equal(aliveOf('watched'), 0)
  })

  test('check 35: a mesh that comes back waits for requests of the one before', async t => {
    const bed = await startRuntimeBed(t)
    await bed.server.started
    const model = await watchedModel(bed, { hold: 'held' })
    await bed.load(model)
    const asking = ask(bed, model.modelId)
    await reached('held')
    assert.equal((await bed.status()).status, 'STARTING')
    gate('held').resolve()
    assert.equal(await asking, model.modelId)
    assert.equal((await bed.status()).status, 'READY')
    assert.equal(aliveOf(model.modelId), 0)
  })

  test('check 36: figures that a mesh starts with, measured or set', async t => {
    const bed = await startRuntimeBed(t, { settings: { model_load_timeout: 0.01 } })
    const { capacityInBytes, defaultModelSizeInBytes, maxLoadingConcurrency, modelLoadingTimeoutMs } =
      await bed.status()
    const standard = Number(defaultModelSizeInBytes)
    assert.ok(standard >= 8192)
    assert.ok(Number(capacityInBytes) >= Math.max(2 * standard, Math.min(2 ** 29, 10 * standard)))
    assert.ok(Number(capacityInBytes) <= (process.constrainedMemory() || Infinity))
    assert.ok(maxLoadingConcurrency >= 1)
    assert.ok(modelLoadingTimeoutMs >= 100)
    const set = await startRuntimeBed(t, {
      settings: {
        model_runtime_capacity: 2 ** 30,
        model_runtime_loading_concurrency: 3,
        model_load_timeout: 90,
      },
    })
    const status = await set.status()
    assert.equal(status.capacityInBytes, String(2 ** 30))
    assert.equal(status.maxLoadingConcurrency, 3)
    assert.equal(status.modelLoadingTimeoutMs, 90_000)
    await assert.rejects(startRuntimeBed(t, { settings: { model_runtime_capacity: 9_000_000 } }), {
      code: 'INVALID_ARGUMENT',
      message:
        'model_runtime_capacity is 9000000 bytes; ModelMesh needs 10000000 for a model_runtime_default_size of 1000000',
    })
  })

  test('check 45: the methods of models, and no others', async t => {
    const bed = await startRuntimeBed(t)
    const { methodInfos, allowAnyMethod } = await bed.status()
    assert.equal(allowAnyMethod, false)
    const paths = Object.entries(methodInfos).map(([name, { idInjectionPath }]) => [name, idInjectionPath])
    assert.deepEqual(Object.fromEntries(paths), {
      'inference.GRPCInferenceService/ModelInfer': [1],
      'inference.GRPCInferenceService/ModelMetadata': [1],
      'inference.GRPCInferenceService/ModelReady': [1],
      'tensorflow.serving.PredictionService/Predict': [1, 1],
      'hydrosphere.serving.runtime.PredictionService/Predict': [],
    })
  })
})

suite('a load', () => {
  test('check 37: a local path of the puller', async t => {
    const bed = await startRuntimeBed(t)
    const model = await irisModel(bed)
    const { sizeInBytes, maxConcurrency } = await bed.load(model)
    assert.ok(Number(sizeInBytes) > 0)
    assert.equal(maxConcurrency, 0)
    const { message } = await bed.data.call<{ name: string }>('ModelMetadata', { name: model.modelId })
    assert.equal(message.name, model.modelId)
  })

  test('check 37: a place in a storage, without the puller', async t => {
    const bytes = await exampleModel('iris')
    const site = createServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1')
    await once(site, 'listening')
    t.after(() => site.close())
    const bed = await startRuntimeBed(t)
    const { port } = site.address() as AddressInfo
    await bed.write('storages/site', JSON.stringify({ type: 'http', url: `http://127.0.0.1:${port}` }))
    const modelKey = JSON.stringify({ storage_key: 'site', storage_params: {}, model_type: { name: 'onnx' } })
    const model = { modelId: 'stored', modelType: 'mt:onnx', modelPath: 'sk/model.onnx', modelKey }
    assert.ok(Number((await bed.load(model)).sizeInBytes) > 0)
    assert.deepEqual(await bed.index(), { stored: 'READY' })
    const missing = { ...model, modelId: 'other', modelKey: '{"storage_key":"none"}' }
    await assert.rejects(bed.load(missing), {
      code: 'FAILED_PRECONDITION',
      message: /Did not find storage config for key none/,
    })
  })

  test('check 38: the type in the key, as object and as text, whatever the label says', async t => {
    const bed = await startRuntimeBed(t)
    const { modelPath } = await irisModel(bed)
    const keys = [{ model_type: { name: 'onnx' } }, { model_type: 'ONNX:1' }, {}]
    for (const [index, key] of keys.entries()) {
      const modelType = index === 2 ? 'mt:onnx:1' : 'rt:my-runtime'
      const modelId = `typed-${index}`
      await bed.load({ modelId, modelType, modelPath, modelKey: JSON.stringify(key) })
    }
    assert.deepEqual(await bed.index(), { 'typed-0': 'READY', 'typed-1': 'READY', 'typed-2': 'READY' })
  })

  test('check 39: the size that the model takes', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { memory: 12_345_678 })
    assert.equal((await bed.load(model)).sizeInBytes, '12345678')
    assert.equal(await bed.size(model.modelId), 12_345_678)
    await assert.rejects(bed.size('nobody'), { code: 'NOT_FOUND' })
  })

  test('check 40: a size is predicted, always, and better when others have loaded', async t => {
    const bed = await startRuntimeBed(t)
    const model = await irisModel(bed)
    const first = await bed.predict(model)
    assert.ok(first > 0)
    const loaded = Number((await bed.load(model)).sizeInBytes)
    assert.equal(await bed.predict(model), loaded)
    // In a storage: by the format alone, and nothing is fetched.
    await bed.write(
      'storages/far',
      JSON.stringify({ type: 's3', bucket: 'b', endpoint_url: 'http://127.0.0.1:1' }),
    )
    const far = { ...model, modelId: 'far', modelPath: 'a/b.onnx' }
    assert.equal(await bed.predict({ ...far, modelKey: farKey('onnx') }), loaded)
    assert.equal(await bed.predict({ ...far, modelKey: farKey('other') }), 1_000_000)
    await assert.rejects(bed.predict({ ...model, modelKey: '{' }), { code: 'INVALID_ARGUMENT' })
  })

  test('check 42: of what is loaded answers with its size, and leaves it alone', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { memory: 2_000_000 })
    const sizes = await Promise.all([bed.load(model), bed.load(model)])
    sizes.push(await bed.load(model))
    assert.deepEqual(
      sizes.map(({ sizeInBytes }) => sizeInBytes),
      ['2000000', '2000000', '2000000'],
    )
    assert.equal(aliveOf(model.modelId), 1)
    await assert.rejects(bed.load({ ...model, modelPath: '/elsewhere' }), { code: 'FAILED_PRECONDITION' })
    assert.equal(await ask(bed, model.modelId), model.modelId)
  })

  test('models of different ids load side by side', async t => {
    const bed = await startRuntimeBed(t)
    const models = [await watchedModel(bed, { gate: 'left' }), await watchedModel(bed, { gate: 'right' })]
    const loads = models.map(model => bed.load(model))
    await Promise.all([reached('left'), reached('right')])
    gate('left').resolve()
    gate('right').resolve()
    await Promise.all(loads)
  })

  test("a name of the own models is not the mesh's", async t => {
    const own = JSON.stringify({ name: 'mine', implementation: WATCHED_MODEL })
    const bed = await startRuntimeBed(t, { files: { 'mine/model-settings.json': own } })
    await bed.server.started
    const model = { ...(await watchedModel(bed)), modelId: 'mine' }
    await assert.rejects(bed.load(model), { code: 'ALREADY_EXISTS' })
    await assert.rejects(bed.unload('mine'), { code: 'NOT_FOUND' })
    assert.equal(await ask(bed, 'mine'), 'mine')
  })
})

suite('what fails', () => {
  test('check 43: bad paths and keys are refused, and nothing is left of them', async t => {
    const bed = await startRuntimeBed(t)
    const { modelPath } = await irisModel(bed)
    const broken = await bed.write('models/broken/model-settings.json', '{"name": "x", "implementation": ')
    const key = '{"model_type":"onnx"}'
    const bad: readonly (readonly [Partial<RuntimeModel>, readonly string[]])[] = [
      [{ modelId: '' }, ['INVALID_ARGUMENT']],
      [{ modelId: '..' }, ['INVALID_ARGUMENT']],
      [{ modelId: 'x'.repeat(300) }, ['INVALID_ARGUMENT']],
      [{ modelPath: '' }, ['INVALID_ARGUMENT']],
      [{ modelPath: '/etc/passwd' }, ['INVALID_ARGUMENT']],
      [{ modelPath: `${bed.models}/../own` }, ['INVALID_ARGUMENT']],
      [{ modelPath: `${bed.models}/none` }, ['FAILED_PRECONDITION']],
      [{ modelPath: broken.slice(0, broken.lastIndexOf('/')) }, ['INVALID_ARGUMENT']],
      [{ modelPath: 'a\0b' }, ['INVALID_ARGUMENT']],
      [{ modelPath: 'a'.repeat(5000) }, ['INVALID_ARGUMENT']],
      [{ modelKey: '{' }, ['INVALID_ARGUMENT']],
      [{ modelKey: '[]' }, ['INVALID_ARGUMENT']],
      [{ modelKey: '{"model_type":1}' }, ['INVALID_ARGUMENT']],
      [{ modelKey: ' '.repeat(70_000) }, ['INVALID_ARGUMENT']],
      [{ modelKey: '{"storage_key":"../x"}' }, ['INVALID_ARGUMENT']],
      [{ modelKey: '{"schema_path":"/etc/passwd","model_type":"onnx"}' }, ['INVALID_ARGUMENT']],
      [{ modelKey: '{"storage_params":{"type":"gcs"}}' }, ['UNIMPLEMENTED']],
    ]
    for (const [change, codes] of bad) {
      const model = { modelId: 'bad', modelType: 'mt:onnx', modelPath, modelKey: key, ...change }
      await assert.rejects(bed.load(model), (error: { code: string; message: string }) => {
        assert.ok(
          codes.includes(error.code),
          `${JSON.stringify(change).slice(0, 100)}: ${error.code} ${error.message}`,
        )
        return true
      })
      if (model.modelId !== '') await assert.rejects(bed.unload(model.modelId), { code: 'NOT_FOUND' })
    }
    assert.deepEqual(await bed.index(), {})
  })

  test('check 43: a load that fails in the model says why, and is no reason to ask again', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { fails: true })
    await assert.rejects(bed.load(model), { code: 'INTERNAL', message: /has no weights/ })
    await assert.rejects(bed.unload(model.modelId), { code: 'NOT_FOUND' })
    assert.deepEqual(await bed.index(), {})
    assert.equal(aliveOf(model.modelId), 0)
  })

  test('check 43: bytes that are no message', async t => {
    const bed = await startRuntimeBed(t)
    const methods = ['loadModel', 'unloadModel', 'predictModelSize', 'modelSize'] as const
    const texts = ['ff', '0a05', '0aff', '0801', '0a01ff', '12', `0a${'ff'.repeat(9)}01`]
    for (const method of methods) {
      for (const text of [...texts, '']) {
        await assert.rejects(
          bed.runtime.call(method, Buffer.from(text, 'hex')),
          { code: 3 },
          `${method} ${text}`,
        )
      }
    }
    assert.deepEqual(await bed.index(), {})
  })
})

suite('an unload', () => {
  test('check 41: as often as one likes; the memory is free when it ends', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed)
    await assert.rejects(bed.unload('never'), { code: 'NOT_FOUND', message: /Model never not found$/ })
    await bed.load(model)
    await bed.unload(model.modelId)
    assert.equal(aliveOf(model.modelId), 0)
    await assert.rejects(bed.unload(model.modelId), { code: 'NOT_FOUND' })
    await assert.rejects(ask(bed, model.modelId), { code: 5, details: `Model ${model.modelId} not found` })
  })

  test('check 41: during a load ends it', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { gate: 'during' })
    const loading = assert.rejects(bed.load(model), { code: 'CANCELLED' })
    await reached('during')
    const unloads = await Promise.allSettled([bed.unload(model.modelId), bed.unload(model.modelId)])
    await loading
    // The second may come when all is over.
    assert.ok(unloads.some(({ status }) => status === 'fulfilled'))
    assert.equal(aliveOf(model.modelId), 0)
    assert.deepEqual(await bed.index(), {})
  })

  test('check 41: waits for a load that hears no signal, and nothing is left of it', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { gate: 'deaf', stubborn: true })
    const loading = assert.rejects(bed.load(model), { code: 'CANCELLED' })
    await reached('deaf')
    let isUnloaded = false
    const unloading = bed.unload(model.modelId).then(() => {
      isUnloaded = true
    })
    for (let asked = 0; asked < 20; asked++) await bed.index()
    assert.equal(isUnloaded, false)
    assert.equal(aliveOf(model.modelId), 1)
    gate('deaf').resolve()
    await Promise.all([loading, unloading])
    assert.equal(aliveOf(model.modelId), 0)
  })

  test('check 41: a load during an unload waits for it, and loads anew', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { hold: 'again' })
    await bed.load(model)
    const asking = ask(bed, model.modelId)
    await reached('again')
    const unloading = bed.unload(model.modelId)
    const loading = bed.load(model)
    gate('again').resolve()
    assert.equal(await asking, model.modelId)
    await Promise.all([unloading, loading])
    assert.equal(aliveOf(model.modelId), 1)
    assert.equal(await ask(bed, model.modelId), model.modelId)
  })
})

suite('cancellation', () => {
  test('check 41: a cancelled load ends its download, and keeps nothing of it', async t => {
    const opened = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    const site = createServer((request, response) => {
      response.writeHead(200, { 'content-length': '1000000' })
      if (request.method === 'HEAD') response.end()
      else {
        response.write('begins')
        response.once('close', closed.resolve)
        opened.resolve()
      }
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    t.after(() => site.close())
    const bed = await startRuntimeBed(t)
    const { port } = site.address() as AddressInfo
    const storage = { type: 'http', url: `http://127.0.0.1:${port}` }
    const modelKey = JSON.stringify({ storage_params: storage, model_type: 'onnx' })
    const model = { modelId: 'slow', modelType: 'mt:onnx', modelPath: 'model.onnx', modelKey }
    const abort = new AbortController()
    const loading = assert.rejects(bed.load(model, { signal: abort.signal }), { code: 'CANCELLED' })
    await opened.promise
    abort.abort()
    await Promise.all([loading, closed.promise])
    await bed.unload('slow').catch((error: { code: string }) => assert.equal(error.code, 'NOT_FOUND'))
    assert.deepEqual(await bed.index(), {})
    const staged = await readdir(bed.cache, { recursive: true })
    assert.deepEqual(
      staged.filter(name => name.endsWith('model.onnx')),
      [],
    )
  })

  test('check 41: a hundred cancelled loads leave nothing', async t => {
    const bed = await startRuntimeBed(t)
    for (let index = 0; index < 100; index++) {
      const model = await watchedModel(bed, { gate: `cancelled-${index}` })
      const abort = new AbortController()
      const loading = assert.rejects(bed.load(model, { signal: abort.signal }), { code: 'CANCELLED' })
      await reached(`cancelled-${index}`)
      abort.abort()
      await loading
      // What a mesh sends behind every load that failed.
      await bed
        .unload(model.modelId)
        .catch((error: { code: string }) => assert.equal(error.code, 'NOT_FOUND'))
      assert.equal(aliveOf(model.modelId), 0)
    }
    assert.deepEqual(await bed.index(), {})
  })

  test('check 41: one of two that wait for a load may go', async t => {
    const bed = await startRuntimeBed(t)
    const model = await watchedModel(bed, { gate: 'two' })
    const abort = new AbortController()
    const first = assert.rejects(bed.load(model, { signal: abort.signal }), { code: 'CANCELLED' })
    await reached('two')
    const second = bed.load(model)
    abort.abort()
    await first
    gate('two').resolve()
    await second
    assert.equal(aliveOf(model.modelId), 1)
  })
})

/** Of a model in a storage that cannot be reached. */
function farKey(format: string): string {
  return JSON.stringify({ storage_key: 'far', model_type: format })
}
