import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer } from './test-server.ts'

/** Answers when it is told to. */
function busy(name: string): string {
  return `${MOMENT}export class TestModel {
    async predict() {
      moment('${name} asked').resolve()
      const text = await moment('${name} may answer').promise
      return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [text] }] }
    }
    unload() { moment('${name} unloaded').resolve() }
  }`
}

suite('unload', () => {
  test('with a running request lets it finish, and takes no new one', async t => {
    const { server, get, post, ask } = await startTestServer(t, modelFiles('m', busy('m')))
    await server.started
    const asking = ask('m')
    await moment('m asked').promise
    const unloading = post('/v2/repository/models/m/unload')
    // Requests on other connections are read in any order; the registry says when the model is out.
    while (server.registry.loaded(undefined, undefined).length > 0) await post('/v2/repository/index')
    assert.deepEqual((await post('/v2/repository/index')).body, [
      { name: 'm', state: 'UNLOADING', reason: '' },
    ])
    assert.equal((await get('/v2/models/m')).status, 404)
    assert.equal(await ask('m'), '404 Model m not found')

    moment('m may answer').resolve('done')
    assert.equal(await asking, 'done')
    assert.equal((await unloading).status, 200)
    await moment('m unloaded').promise
    assert.deepEqual((await post('/v2/repository/index')).body, [
      { name: 'm', state: 'UNAVAILABLE', reason: '' },
    ])
  })

  test('does not wait for ever for a request that never ends', async t => {
    const { server, post, ask } = await startTestServer(t, modelFiles('stuck', busy('stuck')), {
      shutdown_timeout: 0.05,
    })
    await server.started
    const asking = ask('stuck')
    await moment('stuck asked').promise
    assert.equal((await post('/v2/repository/models/stuck/unload')).status, 200)
    await moment('stuck unloaded').promise
    moment('stuck may answer').resolve('late')
    assert.equal(await asking, 'late')
  })

  test('does not wait for ever for an unload that never ends', async t => {
    const code = saying('x', 'unload() { return new Promise(() => {}) }')
    const { server, post } = await startTestServer(t, modelFiles('m', code), { shutdown_timeout: 0.05 })
    await server.started
    assert.equal((await post('/v2/repository/models/m/unload')).status, 200)
  })

  test('that throws is logged, and the model is gone', async t => {
    const code = saying('x', "unload() { throw new Error('file is locked') }")
    const { server, post, ask, log } = await startTestServer(t, modelFiles('m', code))
    await server.started
    assert.equal((await post('/v2/repository/models/m/unload')).status, 200)
    assert.equal(await ask('m'), '404 Model m not found')
    const line = log.find(({ message }) => message === 'unload failed')
    assert.match((line!['error'] as { message: string }).message, /file is locked/)
  })
})

suite('loads and unloads of one name at once', () => {
  test('happen one after the other, in their order', async t => {
    const code = `${MOMENT}
      const history = globalThis[Symbol.for('millrace.test.history')] ??= []
      ${saying(
        'x',
        `
      async load() { history.push('load'); await new Promise(setImmediate); history.push('loaded') }
      async unload() { history.push('unload'); await new Promise(setImmediate); history.push('unloaded') }`,
      )}`
    const { server, ask } = await startTestServer(t, modelFiles('m', code))
    await server.started
    const { registry } = server
    const results = await Promise.allSettled([
      registry.unload('m'),
      registry.load('m'),
      registry.unload('m'),
      registry.unload('m'),
      registry.load('m'),
    ])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(await ask('m'), 'x')
    const turn = ['load', 'loaded', 'unload', 'unloaded']
    assert.deepEqual(Reflect.get(globalThis, Symbol.for('millrace.test.history')), [
      ...turn,
      ...turn,
      'load',
      'loaded',
    ])
  })

  test('requests meanwhile get an answer or a clear refusal', async t => {
    const { server, ask } = await startTestServer(t, modelFiles('m', saying('x')))
    await server.started
    const changes = [server.registry.load('m'), server.registry.unload('m'), server.registry.load('m')]
    const answers = new Set<string>()
    const asking = Promise.all(Array.from({ length: 50 }, async () => answers.add(await ask('m'))))
    await Promise.all([...changes, asking])
    const expected = new Set(['x', '404 Model m not found', '503 Model m is not ready yet.'])
    assert.deepEqual(answers.difference(expected), new Set())
    assert.equal(await ask('m'), 'x')
  })

  test('models of other names are not held up', async t => {
    const slow = `${MOMENT}${saying('x', "async load() { moment('other loading').resolve(); await moment('other may load').promise }")}`
    const files = { ...modelFiles('slow', slow), ...modelFiles('quick', saying('quick')) }
    const { server, post, ask } = await startTestServer(t, files, { load_models_at_startup: false })
    await server.started
    const loading = post('/v2/repository/models/slow/load')
    await moment('other loading').promise
    assert.equal((await post('/v2/repository/models/quick/load')).status, 200)
    assert.equal(await ask('quick'), 'quick')
    moment('other may load').resolve('')
    assert.equal((await loading).status, 200)
  })
})
