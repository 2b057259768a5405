import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { openGate } from './bed/gate.ts'
import { meshFolder, refusalOf, startOwnMesh, until } from './bed/own-mesh-bed.ts'
import { CUSTOM_MODEL, type ServerProcess, startServerProcess } from './bed/server-process.ts'

/** Folders of a mesh in a process of its own, which may be started again over them. */
async function meshProcesses(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'mesh-process-'))
  t.after(() => rm(root, { recursive: true }))
  const models = join(root, 'models')
  await mkdir(join(root, 'repository'))
  await mkdir(models)
  const register = join(root, 'register')
  const running: ServerProcess[] = []
  t.after(() => Promise.all(running.map(server => server.stop())))
  return {
    root,
    register,
    async start(): Promise<ServerProcess> {
      const server = await startServerProcess({
        modelsFolder: join(root, 'repository'),
        environment: {
          MILLRACE_MODEL_MEMORY_BUDGET: '1000000000',
          MILLRACE_MODEL_MESH_ENABLED: 'true',
          MILLRACE_MODEL_MESH_DATA_FOLDER: register,
          MILLRACE_MESH_MODELS_FOLDER: models,
        },
      })
      running.push(server)
      return server
    },
    async write(path: string, weights: object): Promise<void> {
      await mkdir(join(models, path), { recursive: true })
      const settings = { implementation: CUSTOM_MODEL, parameters: { uri: 'weights.json' } }
      await writeFile(join(models, path, 'model-settings.json'), JSON.stringify(settings))
      await writeFile(join(models, path, 'weights.json'), JSON.stringify(weights))
    },
  }
}

async function send({ rest }: ServerProcess, method: string, path: string, body: object) {
  const response = await fetch(`${rest}${path}`, { method, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** The number that a model answers, or the status. */
async function answerOf(server: ServerProcess, model: string): Promise<unknown> {
  const { status, body } = await send(server, 'POST', `/v2/models/${model}/infer`, { inputs: [] })
  const outputs = body['outputs'] as readonly { data: readonly number[] }[] | undefined
  return outputs?.[0]?.data[0] ?? status
}

describe('a mesh that ends', () => {
  test('check 80: a stop finishes what runs, and loses nothing that was registered', async t => {
    const mesh = await meshProcesses(t)
    const gate = await openGate()
    t.after(() => gate.close())
    await mesh.write('busy', { answer: 4, gate: gate.port })
    await mesh.write('other', { answer: 5 })
    const first = await mesh.start()
    for (const path of ['busy', 'other'])
      await send(first, 'PUT', `/v2/mesh/models/${path}`, { type: 'custom', path })
    await send(first, 'PUT', '/v2/mesh/aliases/latest', { target_model: 'other' })
    const asked = answerOf(first, 'busy')
    const waiting = await gate.arrival()
    const stopped = first.stop()
    while ((await fetch(`${first.rest}/v2/health/ready`).catch(() => undefined))?.ok === true);
    waiting.letThrough()
    assert.equal(await asked, 4)
    assert.equal(await stopped, 0)
    const second = await mesh.start()
    assert.equal(await answerOf(second, 'latest'), 5)
    const again = answerOf(second, 'busy')
    ;(await gate.arrival()).letThrough()
    assert.equal(await again, 4)
  })

  test('check 81: after a kill every model answers again that was registered, and none that was not', async t => {
    const mesh = await meshProcesses(t)
    const first = await mesh.start()
    for (const answer of [1, 2, 3]) {
      await mesh.write(`m${answer}`, { answer })
      const wish = { type: 'custom', path: `m${answer}`, load_now: true, sync: true }
      await send(first, 'PUT', `/v2/mesh/models/m${answer}`, wish)
    }
    await send(first, 'PUT', '/v2/mesh/aliases/latest', { target_model: 'm1' })
    await send(first, 'DELETE', '/v2/mesh/models/m3', {})
    await first.kill()
    const second = await mesh.start()
    const answers = await Promise.all(['m1', 'm2', 'm3', 'latest'].map(model => answerOf(second, model)))
    assert.deepEqual(answers, [1, 2, 404, 1])
  })
})

describe('a register that cannot be used', () => {
  test('check 82: at the start: the process ends and says why', async t => {
    const mesh = await meshProcesses(t)
    // Where the folder would be stands a file.
    await writeFile(mesh.register, '')
    await assert.rejects(mesh.start(), error => {
      assert.match((error as Error).message, /ended with 3:/)
      assert.ok((error as Error).message.includes(mesh.register))
      return true
    })
    await rm(mesh.register)
    await mesh.start()
    // Nor is one that another process has.
    await assert.rejects(mesh.start(), /ended with 3:[^]*in use by the process \d+/)
  })

  test('check 82: later: what is loaded serves on, changes are refused, and made when it is back', async t => {
    const folder = await meshFolder(t)
    const register = join(folder, 'register')
    const bed = await startOwnMesh(t, { folder, settings: { model_mesh_data_folder: register } })
    await bed.mesh('registerModel', { modelId: 'served', modelInfo: await bed.model('served') })
    assert.equal(await bed.ask('served'), 'served')
    // So much is in the file then that the next change begins a new one, whose place is taken.
    await mkdir(join(register, 'register-1.log.new'))
    const refused: string[] = []
    for (let number = 0; refused.length < 2; number++) {
      const modelInfo = {
        type: 'custom',
        path: 'served',
        key: JSON.stringify({ padding: 'p'.repeat(60_000) }),
      }
      const [code, text] = await refusalOf(bed.mesh('registerModel', { modelId: `m${number}`, modelInfo }))
      if (code === 'OK') continue
      assert.equal(code, 'UNAVAILABLE')
      assert.match(text, /model_mesh_data_folder/)
      refused.push(`m${number}`)
    }
    assert.equal(await bed.ask('served'), 'served')
    for (const modelId of refused) {
      assert.equal((await bed.mesh('getModelStatus', { modelId }))['status'], 'NOT_FOUND')
    }
    await rm(join(register, 'register-1.log.new'), { recursive: true })
    await bed.mesh('registerModel', { modelId: 'new', modelInfo: await bed.model('new') })
    assert.equal(await bed.ask('new'), 'new')
  })
})

describe('what is registered and what is loaded', () => {
  test('check 83: a model that counts as loaded and is gone is loaded anew', async t => {
    const bed = await startOwnMesh(t)
    await bed.mesh('registerModel', { modelId: 'm', modelInfo: await bed.model('m') })
    assert.equal(await bed.ask('m'), 'm')
    const [entry] = bed.server.registry.loaded('m', undefined)
    const { instance } = entry!
    // Something has gone wrong that nobody has thought of.
    entry!.instance = null
    assert.equal(bed.server.cache!.modelOf('m').state, 'LOADED')
    assert.equal(await bed.ask('m'), 'm')
    assert.notEqual(bed.server.registry.find('m', undefined).instance, instance)
    assert.ok(
      bed.log.some(({ msg, message = msg }) => /was unloaded, and not by the cache/.test(String(message))),
    )
    assert.equal(bed.server.cache!.figures.loadedModels, 1)
  })

  test('check 83: a model that is loaded and not registered any more goes, also in the middle of its load', async t => {
    const bed = await startOwnMesh(t)
    for (const modelId of ['loaded', 'loading']) {
      const extra = modelId === 'loading' ? { gate: 'check-83' } : {}
      await bed.mesh('registerModel', { modelId, modelInfo: await bed.model(modelId, extra), loadNow: true })
    }
    await until(() => bed.server.cache!.modelOf('loaded').state === 'LOADED')
    await until(() => bed.server.cache!.modelOf('loading').state === 'LOADING')
    for (const modelId of ['loaded', 'loading']) await bed.mesh('unregisterModel', { modelId })
    await until(() => bed.server.cache!.models().length === 0)
    assert.deepEqual(bed.server.registry.loaded(undefined, undefined), [])
    assert.equal(bed.server.cache!.figures.usedBytes, 0)
    assert.deepEqual(await refusalOf(bed.ask('loading')), [
      'NOT_FOUND',
      (await refusalOf(bed.ask('never-there')))[1].replaceAll('never-there', 'loading'),
    ])
  })
})
