import assert from 'node:assert/strict'
import { existsSync, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type RuntimeBed, type RuntimeModel, startRuntimeBed } from './bed/runtime-bed.ts'

const MODEL = `${fileURLToPath(new URL('models/worker-model.ts', import.meta.url))}:WorkerModel`

async function workerModel(bed: RuntimeBed, modelId: string, { waits = false } = {}) {
  const file = join(bed.models, `${modelId}.lines`)
  const go = join(bed.models, `${modelId}.go`)
  const extra = { file, ...(waits ? { go } : {}) }
  const settings = { implementation: MODEL, placement: 'worker', parameters: { extra } }
  const path = await bed.write(`models/${modelId}/model-settings.json`, JSON.stringify(settings))
  const model: RuntimeModel = { modelId, modelType: 'rt:x', modelPath: dirname(path), modelKey: '' }
  const lines = async () =>
    existsSync(file) ? (await readFile(file, 'utf8')).split('\n').filter(line => line !== '') : []
  /** The lines, once there are so many. */
  const written = async (count: number): Promise<readonly string[]> => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>()
    const look = async () => {
      const found = await lines()
      if (found.length >= count) resolve(found)
    }
    const watcher = watch(bed.models, () => void look())
    try {
      await look()
      return await promise
    } finally {
      watcher.close()
    }
  }
  return { model, lines, written, go: () => bed.write(`models/${modelId}.go`, '') }
}

async function pidOf(bed: RuntimeBed, modelName: string): Promise<string> {
  const { message } = await bed.data.call<{
    outputs: readonly { contents: { bytes_contents: readonly Buffer[] } }[]
  }>('ModelInfer', {
    model_name: modelName,
    inputs: [{ name: 'x', datatype: 'BOOL', shape: ['1'], contents: { bool_contents: [true] } }],
  })
  return String(message.outputs[0]!.contents.bytes_contents[0])
}

suite('models of a mesh in processes', () => {
  test('check 41: a cancelled load is over in its worker, which serves others', async t => {
    const bed = await startRuntimeBed(t, { settings: { parallel_workers: 1, worker_kind: 'process' } })
    // A pool without models would end, and its worker with it.
    const other = await workerModel(bed, 'other')
    await bed.load(other.model)
    const { model, written } = await workerModel(bed, 'cancelled', { waits: true })
    const abort = new AbortController()
    const loading = assert.rejects(bed.load(model, { signal: abort.signal }), { code: 'CANCELLED' })
    const [pid] = await written(1)
    abort.abort()
    await loading
    await bed.unload(model.modelId).catch((error: { code: string }) => assert.equal(error.code, 'NOT_FOUND'))
    assert.deepEqual(await bed.index(), { other: 'READY' })
    assert.equal(await pidOf(bed, 'other'), pid)
  })

  test('check 43: a worker that is killed while it loads fails the load or gives it to the next', async t => {
    const bed = await startRuntimeBed(t, { settings: { parallel_workers: 1, worker_kind: 'process' } })
    const { model, written, go } = await workerModel(bed, 'killed', { waits: true })
    const loading = bed.load(model).then(
      () => 'OK',
      (error: { code: string }) => error.code,
    )
    const [pid] = await written(1)
    process.kill(Number(pid), 'SIGKILL')
    await go()
    const outcome = await loading
    assert.ok(['OK', 'UNAVAILABLE', 'INTERNAL'].includes(outcome), outcome)
    // What a mesh does then: it cleans up, and tries again.
    await bed.unload(model.modelId).catch((error: { code: string }) => assert.equal(error.code, 'NOT_FOUND'))
    assert.deepEqual(await bed.index(), {})
    await bed.load(model)
    assert.notEqual(await pidOf(bed, 'killed'), pid)
    await bed.unload(model.modelId)
    assert.equal((await written(3)).at(-1), 'unloaded')
  })
})
