import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer } from './test-server.ts'

const LOAD = '/v2/repository/models/m/load'

/** A version of the model `m` that says its own name. */
function versionFiles(version: string) {
  return modelFiles(`m/${version}`, saying(version), { name: 'm', parameters: { version } })
}

async function indexed(post: (path: string) => Promise<{ body: unknown }>): Promise<unknown> {
  return (await post('/v2/repository/index')).body
}

suite('a reload', () => {
  test('takes new code and settings', async t => {
    const { server, write, get, post, ask } = await startTestServer(
      t,
      modelFiles('m', saying('old'), { platform: 'a' }),
    )
    await server.started
    await write(modelFiles('m', saying('new'), { platform: 'b' }))
    assert.equal(await ask('m'), 'old')
    assert.equal((await post(LOAD)).status, 200)
    assert.equal(await ask('m'), 'new')
    assert.equal(((await get('/v2/models/m')).body as { platform: unknown }).platform, 'b')
  })

  const mistakes = {
    'a load that throws': modelFiles('m', saying('new', "load() { throw new Error('no weights') }")),
    'a constructor that throws': modelFiles(
      'm',
      saying('new', "constructor() { throw new Error('no weights') }"),
    ),
    'code that cannot be imported': modelFiles(
      'm',
      "throw new Error('no weights')\nexport class TestModel {}",
    ),
    'code that is no code': modelFiles('m', 'export class {{{ no weights'),
    'settings that are no JSON': { 'm/model-settings.json': '{"no weights' },
    'settings that are wrong': { 'm/model-settings.json': '{"implementation": "no weights"}' },
  }
  for (const [title, files] of Object.entries(mistakes)) {
    test(`that fails leaves the old one serving and says why: ${title}`, async t => {
      const { server, write, get, post, ask } = await startTestServer(t, modelFiles('m', saying('old')))
      await server.started
      await write(files)
      const { status, body } = await post(LOAD)
      assert.ok(status >= 400, `${status}`)
      const { error } = body as { error: string }
      assert.match(error, /no weights|model\.ts:1: |model-settings\.json/)
      assert.deepEqual(await indexed(post), [{ name: 'm', state: 'READY', reason: error }])
      assert.equal((await get('/v2/health/ready')).status, 200)
      assert.equal(await ask('m'), 'old')

      await write(modelFiles('m', saying('mended')))
      assert.equal((await post(LOAD)).status, 200)
      assert.equal(await ask('m'), 'mended')
      assert.deepEqual(await indexed(post), [{ name: 'm', state: 'READY', reason: '' }])
    })
  }

  test('that is slow never takes readiness away', async t => {
    const { server, write, get, post, ask } = await startTestServer(t, modelFiles('m', saying('old')))
    await server.started
    const slow = `${MOMENT}${saying('new', "async load() { moment('reload begun').resolve(); await moment('reload may end').promise }")}`
    await write(modelFiles('m', slow))
    const loading = post(LOAD)
    await moment('reload begun').promise
    for (const path of ['/v2/health/ready', '/v2/models/m/ready', '/v2/models/m']) {
      assert.equal((await get(path)).status, 200, path)
    }
    assert.deepEqual(await indexed(post), [{ name: 'm', state: 'READY', reason: '' }])
    assert.equal(await ask('m'), 'old')
    moment('reload may end').resolve('')
    assert.equal((await loading).status, 200)
    assert.equal(await ask('m'), 'new')
  })

  test('lets the replaced one finish its requests, and unloads it then', async t => {
    const busy = `${MOMENT}export class TestModel {
      async predict() {
        moment('old one asked').resolve()
        const text = await moment('old one may answer').promise
        return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [text] }] }
      }
      unload() { moment('old one unloaded').resolve() }
    }`
    const { server, write, post, ask } = await startTestServer(t, modelFiles('m', busy))
    await server.started
    let isUnloaded = false
    void moment('old one unloaded').promise.then(() => (isUnloaded = true))

    const asking = ask('m')
    await moment('old one asked').promise
    await write(modelFiles('m', saying('new')))
    assert.equal((await post(LOAD)).status, 200)
    assert.equal(await ask('m'), 'new')
    assert.equal(isUnloaded, false)

    moment('old one may answer').resolve('from the old one')
    assert.equal(await asking, 'from the old one')
    await moment('old one unloaded').promise
  })

  test('takes new versions and drops those that are gone', async t => {
    const { server, write, remove, get, post, ask } = await startTestServer(t, {
      ...versionFiles('1'),
      ...versionFiles('2'),
    })
    await server.started
    assert.equal(await ask('m'), '2')
    await write(versionFiles('10'))
    await remove('m/1')
    assert.equal((await post(LOAD)).status, 200)
    assert.equal(await ask('m'), '10')
    assert.equal(await ask('m', '2'), '2')
    assert.equal(await ask('m', '1'), '404 Model m with version 1 not found')
    const { versions } = (await get('/v2/models/m')).body as { versions: string[] }
    assert.deepEqual(versions.toSorted(), ['10', '2'])
  })
})

suite('versions', () => {
  test('one that loads does not take requests from one that can answer', async t => {
    const one = versionFiles('1')
    const { server, write, get, post, ask } = await startTestServer(t, one)
    await server.started
    const slow = `${MOMENT}${saying('2', "async load() { moment('version 2 loading').resolve(); await moment('version 2 may load').promise }")}`
    await write(modelFiles('m/2', slow, { name: 'm', parameters: { version: '2' } }))
    const loading = post(LOAD)
    await moment('version 2 loading').promise
    assert.equal(await ask('m'), '1')
    assert.equal(await ask('m', '2'), '503 Model m with version 2 is not ready yet.')
    assert.equal((await get('/v2/models/m/ready')).status, 200)
    moment('version 2 may load').resolve('')
    await loading
    assert.equal(await ask('m'), '2')
  })

  test('one that fails leaves the others, and its reason', async t => {
    const one = versionFiles('1')
    const { server, write, post, ask, log } = await startTestServer(t, one)
    await server.started
    const bad = saying('2', "load() { throw new Error('no weights') }")
    await write(modelFiles('m/2', bad, { name: 'm', parameters: { version: '2' } }))
    assert.equal((await post(LOAD)).status, 500)
    assert.equal(await ask('m'), '1')
    assert.deepEqual(await indexed(post), [
      { name: 'm', version: '1', state: 'READY', reason: '' },
      { name: 'm', version: '2', state: 'UNAVAILABLE', reason: 'Model m failed to load: no weights' },
    ])
    const line = log.find(({ message }) => message === 'load failed')
    assert.equal(line?.['subject'], 'm with version 2')
    assert.match((line['error'] as { stack: string }).stack, /no weights/)
  })

  test('one without a version goes before all others', async t => {
    const files = {
      ...versionFiles('9'),
      ...modelFiles('m/none', saying('none'), { name: 'm' }),
    }
    const { server, ask } = await startTestServer(t, files)
    await server.started
    assert.equal(await ask('m'), 'none')
    assert.equal(await ask('m', '9'), '9')
  })
})
