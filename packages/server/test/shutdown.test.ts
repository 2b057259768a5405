import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer } from './test-server.ts'

function waiting(name: string): string {
  return `${MOMENT}export class TestModel {
    async predict(request, { signal }) {
      moment('${name} asked').resolve()
      signal.addEventListener('abort', () => moment('${name} aborted').resolve(signal.reason.code))
      const text = await moment('${name} may answer').promise
      return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [text] }] }
    }
    unload() { moment('${name} unloaded').resolve() }
  }`
}

suite('close', () => {
  test('finishes what was accepted, refuses the rest, then unloads', async t => {
    const { server, ask } = await startTestServer(t, modelFiles('m', waiting('m')))
    await server.started
    const asking = ask('m')
    await moment('m asked').promise
    const closing = server.close()
    assert.equal(server.dataPlane.isReady(), false)
    const socket = connect(server.rest.port, server.rest.host)
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNREFUSED')
    moment('m may answer').resolve('in time')
    assert.equal(await asking, 'in time')
    await closing
    await moment('m unloaded').promise
  })

  test('gives a model that never answers up, and unloads it all the same', async t => {
    const { server, ask } = await startTestServer(t, modelFiles('m', waiting('stuck')), {
      shutdown_timeout: 0.1,
    })
    await server.started
    const asking = ask('m')
    await moment('stuck asked').promise
    await server.close()
    assert.equal(await asking, '503 server is shutting down')
    assert.equal(await moment('stuck aborted').promise, 'UNAVAILABLE')
    await moment('stuck unloaded').promise
  })

  test('does not wait for ever for an unload that never ends', async t => {
    const code = saying('x', 'unload() { return new Promise(() => {}) }')
    const { server } = await startTestServer(t, modelFiles('m', code), { shutdown_timeout: 0.05 })
    await server.started
    await server.close()
  })

  test('tells models that load to stop, and loads none any more', async t => {
    const code = `${MOMENT}${saying(
      'x',
      `
      async load({ signal }) {
        moment('loading at close').resolve()
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }`,
    )}`
    const { server } = await startTestServer(t, modelFiles('m', code))
    await moment('loading at close').promise
    await server.close()
    const failures = await server.started
    assert.deepEqual(
      failures.map(({ error }) => (error as Error).message),
      ['the server is stopping'],
    )
    await assert.rejects(server.registry.load('m'), /the server is stopping/)
  })

  test('does not wait for a load that heeds no signal, and gives back what it opens', async t => {
    const code = `${MOMENT}${saying(
      'x',
      `
      async load() { moment('deaf loading').resolve(); await moment('deaf may load').promise }
      unload() { moment('deaf unloaded').resolve() }`,
    )}`
    const { server } = await startTestServer(t, modelFiles('m', code))
    await moment('deaf loading').promise
    await server.close()
    moment('deaf may load').resolve('')
    await moment('deaf unloaded').promise
  })

  test('happens once, however often it is asked for', async t => {
    const { server } = await startTestServer(t, modelFiles('m', saying('x')))
    await server.started
    assert.equal(server.close(), server.close())
    await server.close()
  })
})
