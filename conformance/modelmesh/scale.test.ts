import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { grpcClient } from '../open-inference/forms/grpc-client.ts'
import type { InferReply } from './bed/mesh.ts'
import { type MeshBed, startMeshBed } from './bed/mesh-bed.ts'

let bed: MeshBed
before(async () => {
  // Without a line of the log for every call.
  bed = await startMeshBed({ environment: { MLSERVER_DEBUG: 'false' } })
})
after(() => bed.close())

const AT_ONCE = 50

/** Runs a task for each number from 0 on, some at a time; resolves with what each took, in milliseconds. */
async function forEach(count: number, task: (index: number) => Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const startedMs = performance.now()
      await task(index)
      took[index] = performance.now() - startedMs
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return took
}

const nameOf = (index: number) => `model-${String(index).padStart(5, '0')}__isvc-0a1b2c3d4e`

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

test('checks 32, 33: an index of 5000 models, 1000 of them loaded', async t => {
  // One file for all of them: what it weighs is nobody's question here.
  const uri = await bed.put('weights.json', { answer: 5 })
  await forEach(5000, async index => {
    const folder = join(bed.adapter.folder, nameOf(index))
    await mkdir(folder)
    const settings = JSON.stringify({ name: nameOf(index), parameters: { uri } })
    await writeFile(join(folder, 'model-settings.json'), settings)
  })

  const took = await forEach(1000, index => bed.call('RepositoryModelLoad', { model_name: nameOf(index) }))
  const [first, last] = [meanOf(took.slice(AT_ONCE, 200)), meanOf(took.slice(-150))]
  t.diagnostic(
    `a load with few models loaded: ${first.toFixed(1)} ms, with a thousand: ${last.toFixed(1)} ms (${AT_ONCE} at a time)`,
  )

  const startedMs = performance.now()
  assert.equal((await bed.readyNames()).length, 1000)
  t.diagnostic(`the index of what is loaded: ${(performance.now() - startedMs).toFixed(1)} ms`)
  const { outputs } = await bed.call<InferReply>('ModelInfer', { model_name: nameOf(999), inputs: [] })
  assert.deepEqual(outputs[0]!.contents!['fp32_contents'], [5])

  // As the adapter's client reads it: 4 MiB and no more.
  const limited = grpcClient(bed.server.grpc, { maxReceiveBytes: 4 * 1024 * 1024 })
  try {
    const all = await limited.call<{ models: readonly { state: string }[] }>('RepositoryIndex', {})
    assert.equal(all.message.models.length, 5000)
    assert.equal(all.message.models.filter(({ state }) => state === 'READY').length, 1000)
  } finally {
    limited.close()
  }

  // The purge of a new life of the mesh: every one of them is unloaded.
  assert.equal(await bed.mesh.start(), 1)
  assert.deepEqual(await bed.readyNames(), [])
})
