import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer } from './test-server.ts'

function slow(name: string): string {
  return `${MOMENT}${saying('slow', `async load() { moment('${name} loading').resolve(); await moment('${name} may load').promise }`)}`
}

suite('while models load', () => {
  test('the server lives, and is ready only after all of them', async t => {
    const first = modelFiles('first', slow('first'))
    const { server, get, ask } = await startTestServer(t, {
      ...first,
      ...modelFiles('second', slow('second')),
    })
    const readiness = async () =>
      (await Promise.all(['/v2/health/live', '/v2/health/ready', '/v2/models/first/ready'].map(get))).map(
        ({ status }) => status,
      )

    await Promise.all([moment('first loading').promise, moment('second loading').promise])
    assert.deepEqual(await readiness(), [200, 503, 503])
    assert.equal(await ask('first'), '503 Model first is not ready yet.')
    assert.equal((await get('/v2/models/first')).status, 503)

    moment('first may load').resolve('')
    // Loads are answered in order, so this one comes back when the first has come through.
    await server.registry.load('first')
    assert.deepEqual(await readiness(), [200, 503, 200])
    assert.equal(await ask('first'), 'slow')

    moment('second may load').resolve('')
    assert.deepEqual(await server.started, [])
    assert.deepEqual(await readiness(), [200, 200, 200])
  })

  test('the index says which', async t => {
    const { server, post } = await startTestServer(t, modelFiles('indexed', slow('indexed')))
    await moment('indexed loading').promise
    assert.deepEqual((await post('/v2/repository/index')).body, [
      { name: 'indexed', state: 'LOADING', reason: '' },
    ])
    moment('indexed may load').resolve('')
    await server.started
    assert.deepEqual((await post('/v2/repository/index')).body, [
      { name: 'indexed', state: 'READY', reason: '' },
    ])
  })
})

suite('a model that fails to load', () => {
  const failing = saying('never', "load() { throw new TypeError('no weights') }")

  test('keeps the server from ever being ready, and the others answer', async t => {
    const { server, get, post, ask } = await startTestServer(t, {
      ...modelFiles('good', saying('good')),
      ...modelFiles('bad', failing),
      'broken/model-settings.json': '{"name": "broken", "implementation": 5}',
    })
    const failures = await server.started
    assert.deepEqual(
      failures.map(({ subject }) => subject.replace(/^.*\/broken/, 'broken')),
      ['broken/model-settings.json', 'bad'],
    )
    assert.equal((await get('/v2/health/ready')).status, 503)
    assert.equal((await get('/v2/health/live')).status, 200)
    assert.equal(await ask('good'), 'good')
    assert.equal(await ask('bad'), '404 Model bad not found')

    const index = (await post('/v2/repository/index')).body as {
      name: string
      state: string
      reason: string
    }[]
    assert.deepEqual(index.map(({ name, state }) => `${name} ${state}`).toSorted(), [
      'bad UNAVAILABLE',
      'broken UNAVAILABLE',
      'good READY',
    ])
    const reasons = new Map(index.map(({ name, reason }) => [name, reason]))
    assert.equal(reasons.get('bad'), 'Model bad failed to load: no weights')
    assert.match(reasons.get('broken')!, /broken\/model-settings.json.*implementation.*5/)
  })

  test('once more than it may take', async t => {
    const code = `${MOMENT}${saying(
      'late',
      `
      async load({ signal }) {
        signal.addEventListener('abort', () => moment('load aborted').resolve())
        await moment('too late').promise
      }
      unload() { moment('late one unloaded').resolve() }`,
    )}`
    const { server } = await startTestServer(t, modelFiles('late', code), { model_load_timeout: 0.05 })
    const [failure] = await server.started
    assert.equal(
      (failure!.error as Error).message,
      'Model late failed to load: it took longer than 0.05 s (model_load_timeout)',
    )
    await moment('load aborted').promise
    // What it has opened by then is given back.
    moment('too late').resolve('')
    await moment('late one unloaded').promise
  })

  test('once more than its own settings allow', async t => {
    const code = saying('late', 'load() { return new Promise(() => {}) }')
    const { server } = await startTestServer(t, modelFiles('late', code, { load_timeout: 0.05 }))
    const [failure] = await server.started
    assert.match((failure!.error as Error).message, /longer than 0\.05 s \(the model's load_timeout\)$/)
  })

  test('not ready at first and ready later, it gives no reason any more', async t => {
    const code = `${MOMENT}${saying(
      'x',
      `async load() {
        void moment('woken').promise.then(() => { this.isReady = true })
        return false
      }`,
    )}`
    const { server, post } = await startTestServer(t, modelFiles('sleepy', code))
    assert.deepEqual(await server.started, [])
    const index = async () => (await post('/v2/repository/index')).body
    assert.deepEqual(await index(), [
      { name: 'sleepy', state: 'UNAVAILABLE', reason: 'Its load() answered false.' },
    ])
    moment('woken').resolve('')
    assert.deepEqual(await index(), [{ name: 'sleepy', state: 'READY', reason: '' }])
  })

  test('with a contract that contradicts itself', async t => {
    const twice = JSON.stringify([1, 2].map(() => ({ name: 'x', datatype: 'FP32', shape: [1] })))
    const code = `${MOMENT}${saying('x', `load() { this.inputs = ${twice} } unload() { moment('contradicted unloaded').resolve() }`)}`
    const { server } = await startTestServer(t, modelFiles('contradicted', code))
    const [failure] = await server.started
    assert.match((failure!.error as Error).message, /input 'x' is declared twice/)
    await moment('contradicted unloaded').promise
  })
})

test('load_models_at_startup: false starts ready and empty', async t => {
  const { server, get, post, ask } = await startTestServer(t, modelFiles('later', saying('later')), {
    load_models_at_startup: false,
  })
  assert.deepEqual(await server.started, [])
  assert.equal((await get('/v2/health/ready')).status, 200)
  assert.deepEqual((await post('/v2/repository/index')).body, [
    { name: 'later', state: 'UNAVAILABLE', reason: '' },
  ])
  assert.equal(await ask('later'), '404 Model later not found')
  assert.equal((await post('/v2/repository/models/later/load')).status, 200)
  assert.equal(await ask('later'), 'later')
})
