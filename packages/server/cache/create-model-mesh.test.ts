import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import { createLogger } from '../base/index.ts'
import { StagedCache } from './cache-fixture.ts'
import { createModelMesh, type ModelMeshOptions } from './create-model-mesh.ts'
import type { AliasWish, ModelMesh } from './model-mesh.ts'

const INFO = { type: 'sklearn', path: 'p', key: '' }
const HOUR_MS = 3_600_000
const signal = new AbortController().signal

interface Bed {
  readonly mesh: ModelMesh
  readonly cache: StagedCache
  /** What is known to the repository. */
  readonly known: Set<string>
}

async function opened(t: TestContext, options: Partial<ModelMeshOptions> = {}): Promise<Bed> {
  const cache = new StagedCache()
  const known = new Set<string>()
  const mesh = await createModelMesh({
    cache,
    models: {
      check(id) {
        if (id === 'bad') throw new ServingError('INVALID_ARGUMENT', 'a bad id')
      },
      add: id => void known.add(id),
      remove: id => void known.delete(id),
      isTaken: id => id === 'taken',
      isKnown: id => known.has(id) || id === 'of-the-repository',
    },
    folder: undefined,
    setting: 'model_mesh_data_folder',
    location: 'here',
    defaultOwner: '',
    log: createLogger({ isStructured: true, level: 'silent' }),
    ...options,
  })
  t.after(() => mesh.close())
  return { mesh, cache, known }
}

function wish(id: string, targetId: string, more: Partial<AliasWish> = {}): AliasWish {
  return {
    id,
    targetId,
    info: INFO,
    isTargetAutoDeleted: true,
    isUpdateOnly: false,
    isForced: false,
    loadsNow: false,
    isSync: false,
    expectedTargetId: '',
    owner: '',
    signal,
    ...more,
  }
}

function register(mesh: ModelMesh, id: string, more: object = {}) {
  return mesh.registerModel({
    id,
    info: INFO,
    loadsNow: false,
    isSync: false,
    lastUsedMs: 0,
    signal,
    ...more,
  })
}

/** Waits for the turns of promises that need nothing from outside. */
const settle = () => new Promise<void>(resolve => setImmediate(resolve))

suite('a mesh', () => {
  test('registers, says what it knows, and unregisters', async t => {
    const { mesh, cache, known } = await opened(t)
    assert.deepEqual(mesh.modelStatus('m'), { status: 'NOT_FOUND', errors: [], copies: [] })
    assert.deepEqual(await register(mesh, 'm'), { status: 'NOT_LOADED', errors: [], copies: [] })
    assert.ok(known.has('m'))
    const age = Date.now() - mesh.model('m')!.lastUsedMs
    assert.ok(age >= 6 * HOUR_MS)
    await mesh.unregisterModel('m')
    assert.deepEqual(cache.removed, ['m'])
    assert.deepEqual([known.size, mesh.modelStatus('m').status], [0, 'NOT_FOUND'])
    assert.equal(mesh.modelStatus('of-the-repository').status, 'NOT_LOADED')
  })

  test('refuses what is no model before anything is written', async t => {
    const { mesh } = await opened(t)
    await assert.rejects(register(mesh, 'm', { info: { ...INFO, type: '' } }), {
      code: 'INVALID_ARGUMENT',
      message: /type/,
    })
    await assert.rejects(register(mesh, 'bad'), { code: 'INVALID_ARGUMENT', message: 'a bad id' })
    await assert.rejects(register(mesh, 'taken'), {
      code: 'ALREADY_EXISTS',
      message: /^Model already exists with different/,
    })
    await assert.rejects(mesh.setAlias(wish('a', 'bad')), { code: 'INVALID_ARGUMENT' })
    for (const [id, targetId] of [
      ['', 'm'],
      ['a', ''],
      ['a'.repeat(257), 'm'],
      ['a\n', 'm'],
    ] as const) {
      await assert.rejects(mesh.setAlias(wish(id, targetId)), { code: 'INVALID_ARGUMENT' })
    }
    assert.deepEqual([...mesh.models()], [])
  })

  test('loads as if the model was used an hour ago, or when its caller says', async t => {
    const { mesh, cache } = await opened(t)
    const loaded = register(mesh, 'm', { loadsNow: true, isSync: true })
    await settle()
    assert.equal(mesh.modelStatus('m').status, 'LOADING')
    cache.finish('m')
    const { status, copies } = await loaded
    assert.deepEqual([status, copies], ['LOADED', [{ location: 'here', status: 'LOADED', timeMs: 0 }]])
    const [first] = cache.demands
    assert.equal(first?.demand?.priority, 'preload')
    assert.ok(Date.now() - first.demand.lastUsedMs! >= HOUR_MS)
    await mesh.ensureLoaded('m', { isSync: false, lastUsedMs: 1000, signal })
    assert.equal(cache.demands[1]?.demand?.lastUsedMs, 1000)
    await mesh.ensureLoaded('m', { isSync: false, lastUsedMs: Number.MAX_SAFE_INTEGER, signal })
    assert.ok(cache.demands[2]!.demand!.lastUsedMs! <= Date.now())
    assert.equal((await mesh.ensureLoaded('n', { isSync: true, lastUsedMs: 0, signal })).status, 'NOT_FOUND')
  })

  test('tells a failed load as a status with one reason', async t => {
    const { mesh, cache } = await opened(t)
    const loading = register(mesh, 'm', { loadsNow: true, isSync: true })
    await settle()
    cache.finish('m', new ServingError('INTERNAL', 'no such file'))
    const { status, errors, copies } = await loading
    assert.deepEqual([status, errors, copies.length], ['LOADING_FAILED', ['no such file'], 1])
  })

  test('a caller that leaves is told so', async t => {
    const { mesh } = await opened(t)
    const caller = new AbortController()
    const loading = register(mesh, 'm', { loadsNow: true, isSync: true, signal: caller.signal })
    await settle()
    caller.abort(new ServingError('CANCELLED', 'the client has left'))
    await assert.rejects(loading, { code: 'CANCELLED' })
  })

  test('gives an alias the default owner, and hides it from others', async t => {
    const { mesh } = await opened(t, { defaultOwner: 'ksp' })
    assert.equal((await mesh.setAlias(wish('a', 'one'))).owner, 'ksp')
    assert.equal(mesh.aliasStatus('a', 'ksp').status, 'DEFINED')
    assert.equal(mesh.aliasStatus('a', 'you').status, 'NOT_FOUND')
    assert.equal(mesh.aliasStatus('b', '').status, 'NOT_FOUND')
    await assert.rejects(mesh.setAlias(wish('a', 'two', { owner: 'you' })), { code: 'ALREADY_EXISTS' })
    assert.equal((await mesh.setAlias(wish('b', 'one', { owner: 'me' }))).owner, 'me')
  })
})

suite('an alias', () => {
  test('moves when its target is loaded, and the model before it goes', async t => {
    const { mesh, cache } = await opened(t)
    await mesh.setAlias(wish('a', 'one'))
    cache.set('one', 'LOADED', '', 5_000_000_000_000)
    const moving = mesh.setAlias(wish('a', 'two', { isSync: true }))
    await settle()
    const { status, activeId, targetId } = mesh.aliasStatus('a', '')
    assert.deepEqual([status, activeId, targetId], ['TRANSITIONING', 'one', 'two'])
    assert.deepEqual(cache.removed, [])
    const { demand } = cache.demands[0]!
    assert.deepEqual([demand?.priority, demand?.lastUsedMs], ['preload', 5_000_000_000_000])
    cache.finish('two')
    assert.deepEqual((await moving).status, 'DEFINED')
    assert.deepEqual([mesh.alias('a')?.activeId, cache.removed], ['two', ['one']])
    assert.equal(mesh.model('one'), undefined)
  })

  test('moves at once if forced, if its active model is not loaded, or if its target is', async t => {
    const { mesh, cache } = await opened(t)
    await mesh.setAlias(wish('a', 'one'))
    assert.equal((await mesh.setAlias(wish('a', 'two'))).activeId, 'two')
    cache.set('two', 'LOADED')
    assert.equal((await mesh.setAlias(wish('a', 'three', { isForced: true }))).activeId, 'three')
    cache.set('three', 'LOADED')
    await register(mesh, 'four')
    cache.set('four', 'LOADED')
    assert.equal((await mesh.setAlias(wish('a', 'four'))).activeId, 'four')
    assert.deepEqual(cache.demands, [])
  })

  test('keeps its active model when the target fails, and tries again by itself', async t => {
    const { mesh, cache } = await opened(t, { retryAfterMs: 1 })
    await mesh.setAlias(wish('a', 'one'))
    cache.set('one', 'LOADED')
    const failed = mesh.setAlias(wish('a', 'two', { isSync: true }))
    await settle()
    cache.finish('two', new ServingError('INTERNAL', 'broken'))
    const { status, activeId, target } = await failed
    assert.deepEqual([status, activeId, target?.errors], ['TRANSITION_FAILED', 'one', ['broken']])
    while (cache.demands.length < 2) await new Promise(resolve => setTimeout(resolve, 1))
    cache.finish('two')
    await settle()
    assert.equal(mesh.aliasStatus('a', '').status, 'DEFINED')
    assert.equal(mesh.alias('a')?.activeId, 'two')
  })

  test('of a failed target moves when somebody else has it loaded, or asks again', async t => {
    const { mesh, cache } = await opened(t)
    for (const recover of [
      async () => cache.set('two', 'LOADED'),
      async () => {
        await mesh.setAlias(wish('a', 'two'))
        await settle()
        cache.finish('two')
      },
    ]) {
      await mesh.setAlias(wish('a', 'one', { isForced: true }))
      cache.set('one', 'LOADED')
      cache.set('two', 'NOT_LOADED')
      const failed = mesh.setAlias(wish('a', 'two', { isSync: true }))
      await settle()
      cache.finish('two', new Error('broken'))
      assert.equal((await failed).status, 'TRANSITION_FAILED')
      await recover()
      await settle()
      assert.deepEqual([mesh.alias('a')?.activeId, mesh.alias('a')?.hasFailed], ['two', false])
    }
  })

  test('that gets another target on its way leaves the first one', async t => {
    const { mesh, cache, known } = await opened(t)
    await mesh.setAlias(wish('a', 'one'))
    cache.set('one', 'LOADED')
    await mesh.setAlias(wish('a', 'two'))
    await settle()
    await mesh.setAlias(wish('a', 'three'))
    await settle()
    cache.finish('two')
    await settle()
    assert.deepEqual([mesh.alias('a')?.activeId, known.has('two')], ['one', false])
    cache.finish('three')
    await settle()
    assert.equal(mesh.alias('a')?.activeId, 'three')
    await mesh.deleteAlias('a', '')
    assert.deepEqual([...known], [])
  })

  test('that was on its way when the server stopped goes on when it starts', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-mesh-'))
    t.after(() => rm(folder, { recursive: true }))
    const { mesh, cache } = await opened(t, { folder })
    await mesh.setAlias(wish('a', 'one'))
    cache.set('one', 'LOADED')
    await mesh.setAlias(wish('a', 'two'))
    await mesh.close()
    const again = await opened(t, { folder })
    assert.deepEqual([...again.known], ['one', 'two'])
    await settle()
    assert.equal(again.mesh.aliasStatus('a', '').status, 'TRANSITIONING')
    again.cache.finish('two')
    await settle()
    assert.equal(again.mesh.alias('a')?.activeId, 'two')
  })

  test('is waited for no longer than its caller stays', async t => {
    const { mesh, cache } = await opened(t)
    await mesh.setAlias(wish('a', 'one'))
    cache.set('one', 'LOADED')
    const caller = new AbortController()
    const moving = mesh.setAlias(wish('a', 'two', { isSync: true, signal: caller.signal }))
    await settle()
    caller.abort(new ServingError('DEADLINE_EXCEEDED', 'too late'))
    await assert.rejects(moving, { code: 'DEADLINE_EXCEEDED' })
    assert.equal(mesh.aliasStatus('a', '').status, 'TRANSITIONING')
  })
})
