import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, test } from 'node:test'
import { meshFolder, type OwnMesh, refusalOf, startOwnMesh, until } from './bed/own-mesh-bed.ts'
import { gate, reached } from './bed/watched-models.ts'

let count = 0
const fresh = (name: string) => `${name}-${++count}`

const NOW = { loadNow: true, sync: true }

async function register(bed: OwnMesh, modelId: string, extra: object = {}, more: object = {}) {
  return bed.mesh('registerModel', { modelId, modelInfo: await bed.model(modelId, extra), ...more })
}

async function point(bed: OwnMesh, vModelId: string, targetModelId: string, more: object = {}) {
  return bed.mesh('setVModel', {
    vModelId,
    targetModelId,
    modelInfo: await bed.model(targetModelId),
    ...more,
  })
}

async function statusOf(bed: OwnMesh, modelId: string) {
  return (await bed.mesh('getModelStatus', { modelId }))['status']
}

describe('models of a mesh', () => {
  test('check 47: all methods, for a client that is generated from the proto', async t => {
    const bed = await startOwnMesh(t)
    const { status, errors } = await register(bed, 'm', {}, { lastUsedTime: '1700000000000' })
    assert.deepEqual([status, errors], ['NOT_LOADED', []])
    assert.equal((await bed.mesh('ensureLoaded', { modelId: 'm', sync: true }))['status'], 'LOADED')
    assert.equal(await statusOf(bed, 'm'), 'LOADED')
    const alias = await bed.mesh('setVModel', { vModelId: 'a', targetModelId: 'm', owner: 'me' })
    assert.deepEqual(
      [alias['status'], alias['activeModelId'], alias['targetModelId'], alias['owner']],
      ['DEFINED', 'm', 'm', 'me'],
    )
    assert.equal((alias['activeModelStatus'] as { status: string }).status, 'LOADED')
    assert.equal((await bed.mesh('getVModelStatus', { vModelId: 'a' }))['status'], 'DEFINED')
    assert.equal(await bed.ask('a'), 'm')
    assert.deepEqual(await bed.mesh('deleteVModel', { vModelId: 'a', owner: 'me' }), {})
    assert.equal((await bed.mesh('getVModelStatus', { vModelId: 'a' }))['status'], 'NOT_FOUND')
    assert.deepEqual(await bed.mesh('unregisterModel', { modelId: 'm' }), {})
    assert.equal(await statusOf(bed, 'm'), 'NOT_FOUND')
    const [code] = await refusalOf(
      bed.mesh('registerModel', { modelId: 'x', modelInfo: { type: '', path: 'x' } }),
    )
    assert.equal(code, 'INVALID_ARGUMENT')
  })

  test('check 48: the same model again is fine, another one is not', async t => {
    const bed = await startOwnMesh(t)
    const modelInfo = await bed.model('m')
    for (let times = 0; times < 2; times++) await bed.mesh('registerModel', { modelId: 'm', modelInfo })
    for (const other of [{ type: 'sklearn' }, { path: 'elsewhere' }, { key: '{}' }]) {
      const [code, text] = await refusalOf(
        bed.mesh('registerModel', { modelId: 'm', modelInfo: { ...modelInfo, ...other } }),
      )
      assert.equal(code, 'ALREADY_EXISTS')
      assert.match(text, /^Model already exists with different/)
    }
  })

  test('check 49: an unknown model is not found, which is no error', async t => {
    const bed = await startOwnMesh(t)
    const none = { status: 'NOT_FOUND', errors: [], modelCopyInfos: [] }
    assert.deepEqual(await bed.mesh('getModelStatus', { modelId: 'm' }), none)
    assert.deepEqual(await bed.mesh('ensureLoaded', { modelId: 'm', sync: true }), none)
  })

  test('check 50: what is unknown is unregistered already, what an alias needs is not', async t => {
    const bed = await startOwnMesh(t)
    assert.deepEqual(await bed.mesh('unregisterModel', { modelId: 'm' }), {})
    await point(bed, 'a', 'm')
    const [code, text] = await refusalOf(bed.mesh('unregisterModel', { modelId: 'm' }))
    assert.equal(code, 'FAILED_PRECONDITION')
    assert.match(text, /referenced by 1 vmodel\(s\).*: a/)
  })

  test('check 51: a load that is waited for says how it ended, and where and when', async t => {
    const bed = await startOwnMesh(t)
    const before = Date.now()
    const good = await register(bed, 'good', {}, NOW)
    const bad = await register(bed, 'bad', { fails: 'it has no weights' }, NOW)
    for (const [{ status, modelCopyInfos }, expected] of [
      [good, 'LOADED'],
      [bad, 'LOADING_FAILED'],
    ] as const) {
      assert.equal(status, expected)
      const [copy, ...others] = modelCopyInfos as { location: string; copyStatus: string; time: string }[]
      assert.deepEqual([copy?.location, copy?.copyStatus, others], [hostname(), expected, []])
      assert.ok(Number(copy?.time) >= before - 1000 && Number(copy?.time) <= Date.now() + 1000)
    }
    assert.equal((bad['errors'] as string[]).length, 1)
    assert.match((bad['errors'] as string[])[0]!, /it has no weights$/)
    const again = await bed.mesh('getModelStatus', { modelId: 'bad' })
    assert.deepEqual([again['status'], again['errors']], [bad['status'], bad['errors']])
  })

  test('check 51: a load that is not waited for goes on, and gives way to a request', async t => {
    const bed = await startOwnMesh(t)
    const name = fresh('slow')
    const { status } = await register(bed, name, { gate: name }, { loadNow: true })
    assert.equal(status, 'LOADING')
    await reached(name)
    gate(name).resolve()
    assert.equal(await bed.ask(name), name)
    const { modelCopyInfos } = await bed.mesh('getModelStatus', { modelId: name })
    assert.equal((modelCopyInfos as object[]).length, 1)
  })

  test('that are registered anew while the old ones go are the new ones', async t => {
    const bed = await startOwnMesh(t)
    for (const path of ['first', 'second', 'third']) {
      const modelInfo = await bed.model(path, { says: path })
      await bed.mesh('registerModel', { modelId: 'm', modelInfo })
      assert.equal(await bed.ask('m'), path)
      await bed.mesh('unregisterModel', { modelId: 'm' })
    }
  })

  test('survives a restart: models, aliases, and those on their way', async t => {
    const folder = await meshFolder(t)
    const settings = { model_mesh_data_folder: `${folder}/register` }
    const first = await startOwnMesh(t, { folder, settings })
    await point(first, 'a', 'one', { ...NOW, autoDeleteTargetModel: true })
    const slow = fresh('two')
    await first.mesh('setVModel', {
      vModelId: 'a',
      targetModelId: slow,
      modelInfo: await first.model(slow, { gate: slow }),
    })
    await reached(slow)
    const [refused] = await Promise.allSettled([startOwnMesh(t, { folder, settings })])
    assert.match(String((refused as PromiseRejectedResult).reason), /in use by the process/)
    await first.server.close()
    gate(slow).resolve()
    const second = await startOwnMesh(t, { folder, settings })
    await until(async () => (await second.mesh('getVModelStatus', { vModelId: 'a' }))['status'] === 'DEFINED')
    assert.equal(await second.ask('a'), slow)
    assert.equal(await statusOf(second, 'one'), 'NOT_FOUND')
  })

  test('are offered only by a server whose memory for models is known', async t => {
    await assert.rejects(startOwnMesh(t, { settings: { model_memory_budget: null } }), {
      code: 'INVALID_ARGUMENT',
      message: /needs model_memory_budget/,
    })
    const isRuntime = { model_runtime_endpoint: 'port:8085', model_memory_budget: null }
    await assert.rejects(startOwnMesh(t, { settings: isRuntime }), {
      code: 'INVALID_ARGUMENT',
      message: /a mesh of its own, or a runtime of another one/,
    })
    const other = await startOwnMesh(t, { settings: { model_mesh_enabled: false } })
    const [code] = await refusalOf(other.mesh('getModelStatus', { modelId: 'm' }))
    assert.equal(code, 'UNIMPLEMENTED')
    assert.equal((await other.rest('GET', '/v2/mesh')).status, 404)
  })
})

describe('aliases of a mesh', () => {
  test('check 52: every refusal of setVModel', async t => {
    const bed = await startOwnMesh(t)
    await point(bed, 'a', 'one', { owner: 'me' })
    await register(bed, 'two')
    const two = { vModelId: 'a', targetModelId: 'two' }
    const cases: [object, string, RegExp][] = [
      [{ vModelId: 'b', targetModelId: 'none' }, 'NOT_FOUND', /Target model 'none' not found/],
      [{ vModelId: 'b', targetModelId: 'two', updateOnly: true }, 'NOT_FOUND', /vmodel 'b' not found/],
      [{ ...two, owner: 'you' }, 'ALREADY_EXISTS', /already exists with different owner "me"/],
      [{ ...two, modelInfo: { type: 'other', path: 'two' } }, 'ALREADY_EXISTS', /different type/],
      [{ ...two, expectedTargetModelId: 'none' }, 'FAILED_PRECONDITION', /is 'one', not the expected 'none'/],
      [{ vModelId: '', targetModelId: 'two' }, 'INVALID_ARGUMENT', /vModelId is empty/],
      [{ vModelId: 'a', targetModelId: '' }, 'INVALID_ARGUMENT', /targetModelId is empty/],
    ]
    for (const [message, code, text] of cases) {
      const [gotCode, gotText] = await refusalOf(bed.mesh('setVModel', message))
      assert.equal(gotCode, code, gotText)
      assert.match(gotText, text)
    }
    assert.equal((await bed.mesh('getVModelStatus', { vModelId: 'a', owner: 'you' }))['status'], 'NOT_FOUND')
    assert.deepEqual(await bed.mesh('deleteVModel', { vModelId: 'a', owner: 'you' }), {})
    assert.deepEqual(await bed.mesh('deleteVModel', { vModelId: 'unknown' }), {})
    const done = await bed.mesh('setVModel', { ...two, expectedTargetModelId: 'one', owner: 'me' })
    assert.deepEqual([done['status'], done['activeModelId']], ['DEFINED', 'two'])
  })

  test('check 52: moves at once by force, from a model that is not loaded, and to one that is; else when it is', async t => {
    const bed = await startOwnMesh(t)
    await point(bed, 'a', 'one')
    assert.equal((await point(bed, 'a', 'two'))['activeModelId'], 'two')
    await bed.mesh('ensureLoaded', { modelId: 'two', sync: true })
    assert.equal((await point(bed, 'a', 'three', { force: true }))['activeModelId'], 'three')
    await bed.mesh('ensureLoaded', { modelId: 'three', sync: true })
    assert.equal((await point(bed, 'a', 'two'))['activeModelId'], 'two')
    const slow = fresh('slow')
    const modelInfo = await bed.model(slow, { gate: slow })
    const moving = await bed.mesh('setVModel', { vModelId: 'a', targetModelId: slow, modelInfo })
    assert.deepEqual(
      [moving['status'], moving['activeModelId'], moving['targetModelId']],
      ['TRANSITIONING', 'two', slow],
    )
    await reached(slow)
    assert.equal(await bed.ask('a'), 'two')
    gate(slow).resolve()
    const moved = await bed.mesh('setVModel', { vModelId: 'a', targetModelId: slow, sync: true })
    assert.deepEqual([moved['status'], moved['activeModelId']], ['DEFINED', slow])
    assert.equal(await bed.ask('a'), slow)
  })

  test('check 52: a target that cannot be loaded leaves the active model answering', async t => {
    const bed = await startOwnMesh(t)
    await point(bed, 'a', 'one', NOW)
    const modelInfo = await bed.model('broken', { fails: 'it has no weights' })
    const failed = await bed.mesh('setVModel', {
      vModelId: 'a',
      targetModelId: 'broken',
      modelInfo,
      sync: true,
    })
    assert.deepEqual([failed['status'], failed['activeModelId']], ['TRANSITION_FAILED', 'one'])
    assert.equal((failed['targetModelStatus'] as { status: string }).status, 'LOADING_FAILED')
    assert.equal(await bed.ask('a'), 'one')
    // Mended, and asked for again.
    await bed.model('broken')
    const mended = await bed.mesh('setVModel', {
      vModelId: 'a',
      targetModelId: 'broken',
      modelInfo,
      sync: true,
    })
    assert.deepEqual([mended['status'], mended['activeModelId']], ['DEFINED', 'broken'])
  })

  test('check 53: a switch under constant load loses no request and mixes no answers', async t => {
    const bed = await startOwnMesh(t)
    const names = ['one', 'two', 'three', 'four']
    await point(bed, 'a', names[0]!, { ...NOW, autoDeleteTargetModel: true })
    let isOver = false
    const answers: string[][] = Array.from({ length: 8 }, () => [])
    const isAsking = () => !isOver
    const clients = answers.map(async list => {
      while (isAsking()) list.push(await bed.ask('a'))
    })
    for (const [index, name] of names.entries()) {
      if (index === 0) continue
      const { status } = await point(bed, 'a', name, { sync: true, autoDeleteTargetModel: true })
      assert.equal(status, 'DEFINED')
      // Who asks from now on is answered by the new one.
      assert.equal(await bed.ask('a'), name)
      const counts = answers.map(({ length }) => length)
      await until(() => answers.every(({ length }, client) => length > counts[client]! + 3))
    }
    isOver = true
    await Promise.all(clients)
    for (const list of answers) {
      assert.deepEqual(
        list.filter((name, index) => name !== list[index - 1]),
        names,
      )
    }
    await until(async () => (await bed.rest('GET', '/v2/mesh/models')).body['models'] !== undefined)
    assert.deepEqual(await Promise.all(names.map(name => statusOf(bed, name))), [
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'LOADED',
    ])
  })

  test('check 54: a model that no alias needs is removed and unloaded, after its requests', async t => {
    const bed = await startOwnMesh(t)
    const hold = fresh('hold')
    const auto = { autoDeleteTargetModel: true }
    await bed.mesh('setVModel', {
      vModelId: 'a',
      targetModelId: 'one',
      modelInfo: await bed.model('one', { hold }),
      ...auto,
      ...NOW,
    })
    const asked = bed.ask('a')
    await reached(hold)
    await point(bed, 'a', 'two', { ...auto, sync: true })
    assert.equal(await statusOf(bed, 'one'), 'NOT_FOUND')
    const [code, text] = await refusalOf(bed.ask('one'))
    assert.deepEqual([code, text], ['NOT_FOUND', "model not found: 'one'"])
    gate(hold).resolve()
    assert.equal(await asked, 'one')
    await until(() => !bed.server.registry.isLoaded('one'))
    await bed.mesh('deleteVModel', { vModelId: 'a' })
    assert.equal(await statusOf(bed, 'two'), 'NOT_FOUND')
    await until(() => !bed.server.registry.isLoaded('two'))
  })
})

describe('a mesh over REST', () => {
  test('registers, loads, pins, and says what there is', async t => {
    const bed = await startOwnMesh(t, { repository: { theirs: {} } })
    const info = await bed.model('m')
    const put = await bed.rest('PUT', '/v2/mesh/models/m', { ...info, load_now: true, sync: true })
    assert.deepEqual([put.status, put.body['status']], [200, 'LOADED'])
    assert.equal((await bed.rest('PUT', '/v2/mesh/models/m', { ...info, type: 'x' })).status, 409)
    const pinned = await bed.rest('PUT', '/v2/mesh/models/m/pin')
    assert.deepEqual([pinned.status, pinned.body['is_pinned']], [200, true])
    assert.equal((await bed.rest('DELETE', '/v2/mesh/models/m/pin')).body['is_pinned'], false)
    const alias = await bed.rest('PUT', '/v2/mesh/aliases/a', { target_model: 'm', owner: 'me' })
    assert.deepEqual([alias.status, alias.body['status'], alias.body['active_model']], [200, 'DEFINED', 'm'])
    assert.equal(
      (await bed.rest('POST', '/v2/mesh/models/theirs/load', { sync: true })).body['status'],
      'LOADED',
    )
    const { models } = (await bed.rest('GET', '/v2/mesh/models')).body as {
      models: { id: string; is_registered: boolean }[]
    }
    assert.deepEqual(
      models.map(model => [model.id, model.is_registered]),
      [
        ['m', true],
        ['theirs', false],
      ],
    )
    const one = await bed.rest('GET', '/v2/mesh/models/m')
    assert.deepEqual([one.body['state'], one.body['path'], one.body['status']], ['LOADED', 'm', 'LOADED'])
    const all = (await bed.rest('GET', '/v2/mesh/aliases')).body as { aliases: { id: string }[] }
    assert.deepEqual(
      all.aliases.map(({ id }) => id),
      ['a'],
    )
    assert.equal((await bed.rest('DELETE', '/v2/mesh/models/m')).status, 400)
    assert.equal((await bed.rest('DELETE', '/v2/mesh/aliases/a?owner=me')).status, 200)
    assert.equal((await bed.rest('GET', '/v2/mesh/aliases/a')).status, 404)
    assert.equal((await bed.rest('DELETE', '/v2/mesh/models/m')).status, 200)
    assert.equal((await bed.rest('GET', '/v2/mesh/models/m')).status, 404)
  })

  test('lists in pages', async t => {
    const bed = await startOwnMesh(t)
    for (const id of ['c', 'a', 'b']) await point(bed, id, id)
    for (const kind of ['models', 'aliases']) {
      const page = async (query: string) => {
        const { body } = await bed.rest('GET', `/v2/mesh/${kind}${query}`)
        return [(body[kind] as { id: string }[]).map(({ id }) => id), body['next']]
      }
      assert.deepEqual(await page(''), [['a', 'b', 'c'], undefined])
      assert.deepEqual(await page('?limit=2'), [['a', 'b'], 'b'])
      assert.deepEqual(await page('?limit=2&after=b'), [['c'], undefined])
      for (const limit of ['0', '10001', 'x']) {
        assert.equal((await bed.rest('GET', `/v2/mesh/${kind}?limit=${limit}`)).status, 400)
      }
    }
  })

  test('shows the budget and changes it', async t => {
    const bed = await startOwnMesh(t)
    await register(bed, 'm', {}, NOW)
    const { body } = await bed.rest('GET', '/v2/mesh')
    assert.deepEqual(body, {
      budget_bytes: 1_000_000_000,
      used_bytes: 1_000_000,
      registered_models: 1,
      aliases: 0,
      models_by_state: { LOADED: 1 },
    })
    assert.equal(
      (await bed.rest('PATCH', '/v2/mesh', { budget_bytes: 2_000_000 })).body['budget_bytes'],
      2_000_000,
    )
    for (const wrong of [{}, { budget_bytes: -1 }, { budget_bytes: '1' }, { budget: 1 }]) {
      assert.equal((await bed.rest('PATCH', '/v2/mesh', wrong)).status, 400)
    }
  })

  test('refuses members that it does not know, and is documented', async t => {
    const bed = await startOwnMesh(t)
    for (const [path, body] of [
      ['/v2/mesh/models/m', { typ: 'x' }],
      ['/v2/mesh/models/m', { type: 1 }],
      ['/v2/mesh/aliases/a', { target_model: 'm', model: { typ: 'x' } }],
    ] as const) {
      const answer = await bed.rest('PUT', path, body)
      assert.equal(answer.status, 400)
      assert.match(String(answer.body['error']), /'typ/)
    }
    const { paths } = (await bed.rest('GET', '/v2/docs/dataplane.json')).body as {
      paths: Record<string, object>
    }
    assert.deepEqual(Object.keys(paths['/v2/mesh/models/{model_name}'] ?? {}), ['get', 'put', 'delete'])
  })
})
