import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { loadServerSettings } from '@millrace/server'
import { guardFromPages } from './page-guard.ts'

/** The status of a POST with these headers. */
async function start(t: TestContext, corsSettings: object | null, isLoopback = true) {
  const { settings } = await loadServerSettings({
    flags: corsSettings === null ? {} : { cors_settings: JSON.stringify(corsSettings) },
    environment: {},
  })
  const http = { takes: () => true, handle: (_: unknown, response: { end(): void }) => response.end() }
  const guarded = guardFromPages(http, { settings, isLoopback })
  const server = createServer((message, response) => guarded.handle(message, response))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const { port } = server.address() as AddressInfo
  return {
    port,
    post: (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const call = request({ port, host: '127.0.0.1', method: 'POST', headers }, response => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
        call.on('error', reject).end('body')
      }),
  }
}

test('programs and own pages may ask, pages of others may not', async t => {
  const { port, post } = await start(t, null)
  assert.equal(await post({}), 200)
  assert.equal(await post({ origin: `http://127.0.0.1:${port}` }), 200)
  assert.equal(await post({ host: `localhost:${port}`, origin: `http://localhost:${port}` }), 200)
  assert.equal(await post({ origin: 'https://elsewhere.example' }), 403)
  assert.equal(await post({ origin: 'null' }), 403)
})

test('a name that somebody else gave this machine is refused', async t => {
  const { post } = await start(t, null)
  assert.equal(await post({ host: 'elsewhere.example' }), 403)
  assert.equal(await post({ host: '127.0.0.1.elsewhere.example' }), 403)
  assert.equal(await post({ host: 'LOCALHOST' }), 200)
  const open = await start(t, null, false)
  assert.equal(await open.post({ host: 'models.example' }), 200)
})

test('origins that the operator allows may ask', async t => {
  const { post } = await start(t, { allow_origins: ['https://ui.example'] })
  assert.equal(await post({ origin: 'https://ui.example' }), 200)
  assert.equal(await post({ origin: 'https://other.example' }), 403)
  const all = await start(t, { allow_origins: ['*'] })
  assert.equal(await all.post({ origin: 'https://other.example' }), 200)
})
