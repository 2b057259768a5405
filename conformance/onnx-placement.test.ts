import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startServer, type Target } from './open-inference/target.ts'
import { REPOSITORY_ROOT } from './walls/source-files.ts'

const TEST_MODELS = join(REPOSITORY_ROOT, 'runtimes/onnx/test-models')
/** Turns of a loop that nobody waits for. */
const FOR_EVER = 1e12

let folder: string
let target: Target
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-placement-'))
  for (const [name, file] of [
    ['slow', 'spin'],
    ['other', 'identity-float32'],
  ] as const) {
    await mkdir(join(folder, name))
    await copyFile(join(TEST_MODELS, `${file}.onnx`), join(folder, name, 'model.onnx'))
    // Apart, so that the one which blocks its worker does not block the other's.
    const parameters = name === 'other' ? { inference_pool_gid: 'other' } : {}
    const settings = { name, implementation: 'onnx', parameters }
    await writeFile(join(folder, name, 'model-settings.json'), JSON.stringify(settings))
  }
  // A thread that is inside ONNX Runtime cannot be ended; a process can.
  const settings = { parallel_workers: 1, parallel_workers_timeout: 0, worker_kind: 'process' }
  target = await startServer({ folder, settings })
})
after(async () => {
  await target.close()
  await rm(folder, { recursive: true })
})

function infer(model: string, input: object): Promise<Response> {
  const body = JSON.stringify({ inputs: [input] })
  return fetch(`${target.rest}/v2/models/${model}/infer`, { method: 'POST', body })
}

const turns = (count: number) => infer('slow', { name: 'times', datatype: 'INT64', shape: [], data: [count] })

test('an ONNX model whose runs take milliseconds is found to belong in a worker', async () => {
  const metadata = (await (await fetch(`${target.rest}/v2/models/slow`)).json()) as {
    parameters: Record<string, string>
  }
  assert.equal(metadata.parameters['placement'], 'worker')
  assert.match(metadata.parameters['placement_reason'] ?? '', /^it answers in [\d.]+ ms, longer/)
  assert.equal((await turns(0)).status, 200)
})

test('while it runs, health and other models answer', async () => {
  let hasEnded = false
  const running = turns(FOR_EVER)
    .catch(() => undefined)
    .finally(() => {
      hasEnded = true
    })
  assert.equal((await fetch(`${target.rest}/v2/health/live`)).status, 200)
  assert.equal((await fetch(`${target.rest}/v2/health/ready`)).status, 200)
  for (let request = 0; request < 5; request++) {
    const { status } = await infer('other', { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] })
    assert.equal(status, 200)
  }
  assert.equal(hasEnded, false)
  await target.close()
  await running
})
