import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openGate } from './bed/gate.ts'
import type { InferReply } from './bed/mesh.ts'
import { CUSTOM_KEY, type MeshBed, refusalOf, startMeshBed } from './bed/mesh-bed.ts'
import { CUSTOM_MODEL } from './bed/server-process.ts'

let bed: MeshBed
before(async () => {
  bed = await startMeshBed()
})
after(() => bed.close())

/** What a custom model answers. */
const answerOf = (reply: InferReply) => reply.outputs[0]!.contents!['fp32_contents']![0]
const ask = async (id: string) => answerOf(await bed.mesh.infer(id, { inputs: [] }))
/** A request that the mesh has no part in. */
const askServer = async (id: string) =>
  answerOf(await bed.call<InferReply>('ModelInfer', { model_name: id, inputs: [] }))

suite('readiness', () => {
  test('check 3: the server is ready while a model loads, and after one has failed', async () => {
    const gate = await openGate()
    try {
      await bed.custom('slow', { loadGate: gate.port })
      const loading = bed.mesh.load('slow')
      const waiting = await gate.arrival()
      assert.deepEqual(await bed.call('ServerReady'), { ready: true })
      assert.ok(!(await bed.readyNames()).includes('slow'))
      const health = await fetch(`${bed.server.rest}/v2/health/ready`)
      assert.equal(health.status, 200)
      waiting.letThrough()
      await loading
    } finally {
      gate.close()
    }
    await bed.put('broken/weights.json', '{')
    bed.mesh.register('broken', {
      modelType: 'mt:custom',
      modelPath: await bed.put('broken/weights.json', '{'),
      modelKey: CUSTOM_KEY,
    })
    await refusalOf(bed.mesh.load('broken'))
    assert.deepEqual(await bed.call('ServerReady'), { ready: true })
    await bed.mesh.unload('slow')
  })

  test('check 15: a load ends when the model answers', async () => {
    const gate = await openGate()
    try {
      await bed.custom('ready', { answer: 3, loadGate: gate.port })
      let isLoaded = false
      const loading = bed.mesh.load('ready').then(() => {
        isLoaded = true
      })
      const waiting = await gate.arrival()
      // Loads of others pass it by.
      await bed.custom('other', { answer: 1 })
      assert.equal(await ask('other'), 1)
      assert.equal(isLoaded, false)
      waiting.letThrough()
      await loading
      assert.equal(await askServer('ready'), 3)
    } finally {
      gate.close()
    }
  })
})

suite('the index', () => {
  test('check 7: it lists what is loaded, and each of it can be unloaded', async () => {
    for (const id of await bed.readyNames()) await bed.mesh.unload(id)
    const ids = ['plain', 'name with spaces', 'größe', 'isvc__isvc-0a1b2c3d4e']
    for (const id of ids) {
      await bed.custom(id, { answer: 1 })
      await bed.mesh.load(id)
    }
    assert.deepEqual(await bed.readyNames(), ids.toSorted())
    for (const id of ids) await bed.call('RepositoryModelUnload', { model_name: id })
    assert.deepEqual(await bed.readyNames(), [])
  })
})

suite('what is found', () => {
  test('check 9: a folder that was made just now', async () => {
    for (let round = 0; round < 20; round++) {
      const folder = join(bed.adapter.folder, `new-${round}`)
      await mkdir(folder)
      const settings = { name: `new-${round}`, parameters: { uri: './w.json' } }
      await writeFile(join(folder, 'w.json'), `{"answer": ${round}}`)
      await writeFile(join(folder, 'model-settings.json'), JSON.stringify(settings))
      await bed.call('RepositoryModelLoad', { model_name: `new-${round}` })
      assert.equal(await askServer(`new-${round}`), round)
    }
  })

  test('check 10: settings by their name, whatever their folder is called', async () => {
    const folder = join(bed.adapter.folder, 'some-folder')
    await mkdir(folder)
    const uri = await bed.put('elsewhere/weights.json', { answer: 8 })
    await writeFile(
      join(folder, 'model-settings.json'),
      JSON.stringify({ name: 'other-name', parameters: { uri } }),
    )
    await bed.call('RepositoryModelLoad', { model_name: 'other-name' })
    assert.equal(await askServer('other-name'), 8)
    const { code } = await refusalOf(bed.call('RepositoryModelLoad', { model_name: 'some-folder' }))
    assert.equal(code, 'NOT_FOUND')
    await bed.call('RepositoryModelUnload', { model_name: 'other-name' })
  })

  test('check 10: links to a file and to a folder, and a model that is a link itself', async () => {
    // Case B with a file: links and settings as the adapter writes them.
    await bed.custom('linked-file', { answer: 4 })
    assert.equal(await ask('linked-file'), 4)
    const laidOut = join(bed.adapter.folder, 'linked-file')
    assert.deepEqual((await readdir(laidOut)).toSorted(), ['model-settings.json', 'weights.json'])
    assert.match(await readlink(join(laidOut, 'weights.json')), /\/linked-file\/weights\.json$/)
    const text = await readFile(join(laidOut, 'model-settings.json'), 'utf8')
    assert.equal(
      text,
      `{\n  "name": "linked-file",\n  "parameters": {\n    "uri": "${join(laidOut, 'weights.json')}"\n  }\n}`,
    )

    // With a folder, whose files the class looks for itself.
    await bed.put('whole/models/model.ubj', await readFile(XGBOOST_MODEL))
    bed.mesh.register('linked-folder', {
      modelType: 'mt:xgboost',
      modelPath: join(bed.adapter.folder, '..', 'whole', 'models'),
      modelKey: '{"model_type":{"name":"xgboost","version":"1"}}',
    })
    await bed.mesh.load('linked-folder')
    assert.ok((await bed.readyNames()).includes('linked-folder'))

    // A link in place of the model's folder.
    const outside = await bed.put('outside/weights.json', { answer: 6 })
    await bed.put('outside/model-settings.json', { name: 'linked-model', parameters: { uri: outside } })
    await symlink(join(outside, '..'), join(bed.adapter.folder, 'linked-model'))
    await bed.call('RepositoryModelLoad', { model_name: 'linked-model' })
    assert.equal(await askServer('linked-model'), 6)
  })

  test('check 11: a folder with settings of its own', async () => {
    await bed.put('native/data/weights.json', { answer: 12 })
    await bed.put('native/notes.txt', 'to be linked as well')
    const settings = await bed.put('native/model-settings.json', {
      name: 'the-name-its-author-gave',
      implementation: CUSTOM_MODEL,
      parameters: { uri: 'data/weights.json', format: 'made up' },
      'an unknown key': { deeply: [1] },
    })
    bed.mesh.register('native-id', {
      modelType: 'mt:custom',
      modelPath: join(settings, '..'),
      modelKey: CUSTOM_KEY,
    })
    assert.equal(await ask('native-id'), 12)
    const folder = join(bed.adapter.folder, 'native-id')
    assert.deepEqual((await readdir(folder)).toSorted(), ['data', 'model-settings.json', 'notes.txt'])
    const rewritten = await readFile(join(folder, 'model-settings.json'), 'utf8')
    assert.match(rewritten, /"name": "native-id"/)
    assert.match(rewritten, /_mlserver_models\/native-id\/data\/weights\.json/)
    assert.equal((await stat(join(folder, 'model-settings.json'))).mode, (await stat(settings)).mode)
  })

  test('check 11: an absolute URI of its author ends up below the folder', async () => {
    await bed.put('absolute/weights.json', { answer: 13 })
    const settings = await bed.put('absolute/model-settings.json', {
      implementation: CUSTOM_MODEL,
      parameters: { uri: '/weights.json' },
    })
    bed.mesh.register('absolute-uri', {
      modelType: 'mt:custom',
      modelPath: join(settings, '..'),
      modelKey: CUSTOM_KEY,
    })
    assert.equal(await ask('absolute-uri'), 13)
  })

  test('check 11: settings that are no JSON name the file, and are not found as another model', async () => {
    const settings = await bed.put('no-json/model-settings.json', '{"name": ')
    bed.mesh.register('no-json', {
      modelType: 'mt:custom',
      modelPath: join(settings, '..'),
      modelKey: CUSTOM_KEY,
    })
    const { message } = await refusalOf(bed.mesh.load('no-json'))
    assert.match(
      message,
      /^Failed to load Model due to MLServer runtime error: .*no-json\/model-settings\.json/,
    )
  })
})

const XGBOOST_MODEL = fileURLToPath(
  new URL('../../runtimes/xgboost/test-models/model-0.ubj', import.meta.url),
)
const LIGHTGBM_MODEL = fileURLToPath(
  new URL('../../runtimes/lightgbm/test-models/poisson.txt', import.meta.url),
)

const load = (id: string, modelPath: string, type: string, more: object = {}) => {
  const modelKey = JSON.stringify({ model_type: { name: type }, ...more })
  bed.mesh.register(id, { modelType: `mt:${type}`, modelPath, modelKey })
  return bed.mesh.load(id)
}

suite('which class', () => {
  test('check 12: those of stock runtimes are known by the names of MLServer', async () => {
    await load('xgb', XGBOOST_MODEL, 'xgboost')
    await load('lgb', LIGHTGBM_MODEL, 'lightgbm')
    const { platform } = await bed.mesh.infer<{ platform: string }>('xgb', {}, { method: 'ModelMetadata' })
    assert.equal(typeof platform, 'string')
    // Behind it is Python, which need not be there; what is said then is not that nobody knows the class.
    const pickle = await bed.put('sk/model.joblib', 'no pickle')
    const { code, message } = await refusalOf(load('sk', pickle, 'sklearn'))
    assert.equal(code, 'INTERNAL')
    assert.match(message, /allow_pickle|python|pickle/i)
  })

  test('check 12: a class that the adapter misspells is the one that was meant', async () => {
    const file = await bed.put('spark/part-0', 'x')
    const { code, message } = await refusalOf(load('spark', file, 'mllib'))
    assert.equal(code, 'INTERNAL')
    // Python, numpy or the model's format is missing; all of them are named.
    assert.match(message, /Model spark failed to load in Python: /)
    assert.deepEqual(await bed.call('ServerReady'), { ready: true })
  })

  test('check 12: a class that nobody can import is named', async () => {
    const implementation = 'made_up.Model-Class'
    const settings = await bed.put('made-up/model-settings.json', { implementation })
    bed.mesh.register('made-up', {
      modelType: 'mt:custom',
      modelPath: join(settings, '..'),
      modelKey: CUSTOM_KEY,
    })
    const { message } = await refusalOf(bed.mesh.load('made-up'))
    assert.match(message, /model-settings\.json: implementation 'made_up\.Model-Class'/)
    assert.doesNotMatch(message, /not found$/)
  })

  test('check 13: the class of the image serves models that name none', async () => {
    await bed.custom('no-class', { answer: 21 })
    assert.equal(await ask('no-class'), 21)
  })

  test('check 13: where the image has none, the refusal says so', async () => {
    const bare = await startMeshBed({ environment: { MLSERVER_MODEL_IMPLEMENTATION: '' } })
    try {
      await bare.custom('no-class', { answer: 21 })
      const { message } = await refusalOf(bare.mesh.load('no-class'))
      assert.match(message, /implementation is missing.*MLSERVER_MODEL_IMPLEMENTATION/)
      assert.deepEqual(await bare.readyNames(), [])
    } finally {
      await bare.close()
    }
  })
})

suite('failures', () => {
  test('checks 16, 21: a name that nobody has', async () => {
    for (const method of ['RepositoryModelLoad', 'RepositoryModelUnload']) {
      const { code, message } = await refusalOf(bed.call(method, { model_name: 'nobody' }))
      assert.deepEqual([code, message], ['NOT_FOUND', 'Model nobody not found'])
    }
    // What the mesh does after every failed load.
    await bed.adapter.unloadModel('nobody')
  })

  test('check 17: a broken artefact is named with its cause, and is not ready', async () => {
    const damaged = await bed.put('damaged/model.ubj', Buffer.from('{L\0\0\0'))
    bed.mesh.register('damaged', {
      modelType: 'mt:xgboost',
      modelPath: damaged,
      modelKey: '{"model_type":"xgboost"}',
    })
    const refusal = await refusalOf(
      bed.adapter.loadModel({
        modelId: 'damaged',
        modelType: '',
        modelPath: damaged,
        modelKey: '{"model_type":"xgboost"}',
      }),
    )
    assert.notEqual(refusal.code, 'NOT_FOUND')
    assert.match(refusal.message, /model\.ubj/)
    assert.ok(!(await bed.readyNames()).includes('damaged'))
    await bed.mesh.unload('damaged')
  })

  test('check 17: what the class of a user throws when it loads is told', async () => {
    bed.mesh.register('no-weights', {
      modelType: 'mt:custom',
      modelPath: await bed.put('no-weights/weights.json', '{"answer": '),
      modelKey: CUSTOM_KEY,
    })
    const { message } = await refusalOf(bed.mesh.load('no-weights'))
    assert.match(message, /runtime error: Model no-weights failed to load: .*JSON/)
  })
})

suite('loads beside each other', () => {
  test('check 18: a model loaded twice serves its new files, and without a gap', async () => {
    await bed.custom('twice', { answer: 1 })
    assert.equal(await ask('twice'), 1)
    const asked: Promise<unknown>[] = []
    const gate = await openGate()
    try {
      await bed.custom('twice', { answer: 2, loadGate: gate.port })
      const loading = bed.mesh.load('twice')
      const waiting = await gate.arrival()
      assert.equal(await askServer('twice'), 1)
      for (let count = 0; count < 50; count++) asked.push(askServer('twice'))
      waiting.letThrough()
      for (let count = 0; count < 50; count++) asked.push(askServer('twice'))
      await loading
      assert.equal(await askServer('twice'), 2)
    } finally {
      gate.close()
    }
    const answers = await Promise.all(asked)
    assert.ok(answers.every(answer => answer === 1 || answer === 2))
    assert.deepEqual(bed.mesh.purged, [])
  })

  test('check 18: a load that fails leaves the model serving as it was', async () => {
    await bed.custom('kept', { answer: 1 })
    await bed.mesh.load('kept')
    await bed.put('kept/weights.json', '{')
    const { code } = await refusalOf(bed.call('RepositoryModelLoad', { model_name: 'kept' }))
    assert.equal(code, 'INTERNAL')
    assert.equal(await askServer('kept'), 1)
  })

  test('check 19: two models load at once', async () => {
    const gate = await openGate()
    try {
      await bed.custom('left', { answer: 1, loadGate: gate.port })
      await bed.custom('right', { answer: 2, loadGate: gate.port })
      const loads = [bed.mesh.load('left'), bed.mesh.load('right')]
      // Both have come to the gate before either may pass.
      const waiting = [await gate.arrival(), await gate.arrival()]
      for (const { letThrough } of waiting) letThrough()
      await Promise.all(loads)
    } finally {
      gate.close()
    }
    assert.deepEqual([await ask('left'), await ask('right')], [1, 2])
  })
})

/** The code with which a request is refused that may not wait. */
async function askServerCode(id: string): Promise<string> {
  const { code } = await refusalOf(bed.call('ModelInfer', { model_name: id, inputs: [] }, { timeoutMs: 100 }))
  return code
}

suite('unloads', () => {
  test('check 22: what was unloaded is not found, and its memory is given back', async () => {
    const bytes = 64 * 1024 * 1024
    const before = await bed.server.residentBytes()
    // Ten times what a leak of all of them would come to.
    for (let round = 0; round < 20; round++) {
      await bed.custom('large', { bytes })
      await bed.mesh.load('large')
      await bed.mesh.unload('large')
    }
    const grown = (await bed.server.residentBytes()) - before
    assert.ok(grown < 6 * bytes, `${Math.round(grown / 1e6)} MB stayed`)
    const { code, message } = await refusalOf(bed.call('ModelInfer', { model_name: 'large', inputs: [] }))
    assert.deepEqual([code, message], ['NOT_FOUND', 'Model large not found'])
  })

  test('check 23: a running request is finished before its model is unloaded', async () => {
    const gate = await openGate()
    try {
      await bed.custom('busy', { answer: 9, gate: gate.port })
      await bed.mesh.load('busy')
      const asked = ask('busy')
      const waiting = await gate.arrival()
      let isUnloaded = false
      const unloading = bed.call('RepositoryModelUnload', { model_name: 'busy' }).then(() => {
        isUnloaded = true
      })
      // New ones find it no more, while the old one still runs.
      let refusal: string
      do {
        refusal = await askServerCode('busy')
      } while (refusal !== 'NOT_FOUND')
      assert.equal(isUnloaded, false)
      waiting.letThrough()
      assert.equal(await asked, 9)
      await unloading
    } finally {
      gate.close()
    }
  })

  test('an unload during a load waits for it, and then unloads', async () => {
    const gate = await openGate()
    try {
      await bed.custom('overtaken', { loadGate: gate.port })
      const loading = bed.mesh.load('overtaken')
      const waiting = await gate.arrival()
      const unloading = bed.call('RepositoryModelUnload', { model_name: 'overtaken' })
      waiting.letThrough()
      await loading
      await unloading
      assert.ok(!(await bed.readyNames()).includes('overtaken'))
    } finally {
      gate.close()
    }
  })
})

test('a folder that is renamed while its model is loaded can still be unloaded', async () => {
  await bed.custom('moved', { answer: 1 })
  await bed.mesh.load('moved')
  await rename(join(bed.adapter.folder, 'moved'), join(bed.adapter.folder, 'gone'))
  await bed.call('RepositoryModelUnload', { model_name: 'moved' })
})
