import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { modelFiles, startTestServer } from './test-server.ts'

/** Says what its artefact holds. */
const READS_URI = `import { readFileSync } from 'node:fs'
export class TestModel {
  constructor(settings) { this.settings = settings }
  load() { this.text = readFileSync(this.settings.uri, 'utf8') }
  predict() { return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [this.text] }] } }
}`

/** One file on a web server; without content it answers only when it is closed. */
async function webServer(t: TestContext, content: { text: string | null }): Promise<string> {
  const server = createServer((request, response) => {
    const { text } = content
    if (text === null) return
    const etag = `"${createHash('md5').update(text).digest('hex')}"`
    response.writeHead(200, { etag, 'content-length': text.length })
    response.end(request.method === 'HEAD' ? undefined : text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.bin`
}

const start = (t: TestContext, uri: string, more: object, folder: string) =>
  startTestServer(t, modelFiles('m', READS_URI, { parameters: { uri }, ...more }), {
    model_cache_dir: folder,
    parallel_workers: 0,
  })

suite('a model whose artefact is behind a URI', () => {
  test('finds it downloaded, and after a load as it is then', async t => {
    const content = { text: 'first' }
    const uri = await webServer(t, content)
    const { server, post, ask } = await start(t, uri, {}, cacheOf(t))
    assert.deepEqual(await server.started, [])
    assert.equal(await ask('m'), 'first')
    content.text = 'second'
    assert.equal((await post('/v2/repository/models/m/load')).status, 200)
    assert.equal(await ask('m'), 'second')
  })

  test('serves on when a download fails, and says why', async t => {
    const content: { text: string | null } = { text: 'first' }
    const uri = await webServer(t, content)
    const { server, write, post, ask } = await start(t, uri, {}, cacheOf(t))
    await server.started
    const gone = 'http://127.0.0.1:1/weights.bin'
    const files = modelFiles('m', READS_URI, { parameters: { uri: gone }, load_timeout: 0.3 })
    await write(files)
    const { status, body } = await post('/v2/repository/models/m/load')
    assert.ok(status >= 500, `${status}`)
    const { error } = body as { error: string }
    assert.match(error, /127\.0\.0\.1:1\/weights\.bin cannot be read|took longer than 0\.3 s/)
    assert.deepEqual((await post('/v2/repository/index')).body, [
      { name: 'm', state: 'READY', reason: error },
    ])
    assert.equal(await ask('m'), 'first')
  })

  test('is given up when it takes longer than its load_timeout', async t => {
    const uri = await webServer(t, { text: null })
    const { server } = await start(t, uri, { load_timeout: 0.2 }, cacheOf(t))
    const [failure] = await server.started
    assert.match(String(failure?.error), /it took longer than 0\.2 s/)
  })
})

function cacheOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'remote-model-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}
