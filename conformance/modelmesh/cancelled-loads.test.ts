import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Gate, openGate } from './bed/gate.ts'
import { CUSTOM_KEY, type MeshBed, refusalOf, startMeshBed } from './bed/mesh-bed.ts'

let bed: MeshBed
let gate: Gate
before(async () => {
  bed = await startMeshBed()
  gate = await openGate()
})
after(async () => {
  gate.close()
  await bed.close()
})

/** A load that the caller gives up once the model is in the middle of it. */
async function cancelledLoad(id: string, weights: object = {}, { put, adapter } = bed): Promise<void> {
  const modelPath = await put(`${id}/weights.json`, { ...weights, loadGate: gate.port })
  const leaving = new AbortController()
  const loading = adapter.loadModel(
    { modelId: id, modelType: 'mt:custom', modelPath, modelKey: CUSTOM_KEY },
    leaving.signal,
  )
  const refused = refusalOf(loading)
  const waiting = await gate.arrival()
  leaving.abort()
  // The model was told, and has stopped.
  await waiting.gone
  const { code } = await refused
  assert.equal(code, 'CANCELLED')
}

suite('loads that are given up', () => {
  test('check 20: the model is told to stop, and the unload that follows finds nothing', async () => {
    await cancelledLoad('given-up')
    const { code } = await refusalOf(bed.call('RepositoryModelUnload', { model_name: 'given-up' }))
    assert.equal(code, 'NOT_FOUND')
    assert.ok(!(await bed.readyNames()).includes('given-up'))
  })

  test('check 20: over REST as well', async () => {
    await cancelledLoad('left')
    const leaving = new AbortController()
    const url = `${bed.server.rest}/v2/repository/models/left/load`
    const loading = fetch(url, { method: 'POST', signal: leaving.signal })
    const waiting = await gate.arrival()
    leaving.abort()
    await assert.rejects(loading, { name: 'AbortError' })
    await waiting.gone
    assert.ok(!(await bed.readyNames()).includes('left'))
  })

  test('check 20: one that takes too long for the mesh', async () => {
    await bed.custom('too-slow', { loadGate: gate.port })
    const time = new AbortController()
    const refused = refusalOf(bed.mesh.load('too-slow', time.signal))
    const waiting = await gate.arrival()
    time.abort()
    await waiting.gone
    const { code, message } = await refused
    assert.deepEqual([code, message], ['INTERNAL', 'Load of model too-slow timed out'])
    // With better files it loads.
    await bed.custom('too-slow', { answer: 1 })
    await bed.mesh.load('too-slow')
  })

  test('check 20: one in a worker', async () => {
    const environment = {
      MLSERVER_MODEL_PARALLEL_WORKERS: '1',
      MILLRACE_PARALLEL_WORKERS: '1',
      MILLRACE_MODEL_PLACEMENT: 'worker',
    }
    const other = await startMeshBed({ environment })
    try {
      for (let round = 0; round < 2; round++) {
        await cancelledLoad('in-worker', {}, other)
        await other.adapter.unloadModel('in-worker')
      }
      await other.custom('in-worker', { answer: 6 })
      const reply = await other.mesh.infer('in-worker', { inputs: [] })
      assert.deepEqual(reply.outputs[0]!.contents!['fp32_contents'], [6])
      assert.match(other.server.printed(), /runsIn=worker/)
    } finally {
      await other.close()
    }
  })

  test('check 20: a reload that is given up leaves the model serving', async () => {
    await bed.custom('serving', { answer: 1 })
    await bed.mesh.load('serving')
    await cancelledLoad('serving')
    const reply = await bed.mesh.infer('serving', { inputs: [] })
    assert.deepEqual(reply.outputs[0]!.contents!['fp32_contents'], [1])
    assert.deepEqual(bed.mesh.purged, [])
  })

  test('check 20: an unload that comes before the load has ended ends with it', async () => {
    const modelPath = await bed.put('both/weights.json', { loadGate: gate.port })
    const leaving = new AbortController()
    const refused = refusalOf(
      bed.adapter.loadModel(
        { modelId: 'both', modelType: '', modelPath, modelKey: CUSTOM_KEY },
        leaving.signal,
      ),
    )
    await gate.arrival()
    const unloading = bed.adapter.unloadModel('both')
    leaving.abort()
    await unloading
    await refused
    assert.ok(!(await bed.readyNames()).includes('both'))
  })

  test('check 20: a hundred of them leave no memory behind', async () => {
    const bytes = 8 * 1024 * 1024
    const before = await bed.server.residentBytes()
    for (let round = 0; round < 100; round++) {
      await cancelledLoad('again', { bytes })
      await bed.adapter.unloadModel('again')
    }
    const grown = (await bed.server.residentBytes()) - before
    // All of them would be a hundred times as much; the collector comes when it likes.
    assert.ok(grown < 25 * bytes, `${Math.round(grown / 1e6)} MB stayed`)
    await bed.custom('again', { answer: 4 })
    assert.equal((await bed.mesh.infer('again', { inputs: [] })).model_name, 'again')
  })
})
