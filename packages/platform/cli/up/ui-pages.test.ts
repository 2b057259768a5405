import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { readUiFiles } from './read-ui-files.ts'
import { UNBUILT_UI, uiPages } from './ui-pages.ts'
import { isUiPath } from './ui-paths.ts'

const SCRIPT = 'console.log(1)'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** Serves a small build; asks with paths as they are given, which `fetch` would tidy up. */
async function start(t: TestContext, files = FILES) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ui-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'dist/assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, 'dist', name), content)
  const pages = uiPages(await readUiFiles(join(folder, 'dist')))
  const server = createServer((message, response) => pages.handle(message, response))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.after(() => void server.close())
  const { port } = server.address() as AddressInfo
  return (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const call = request({ port, host: '127.0.0.1', path, method, headers, agent: false }, response => {
        const pieces: Buffer[] = []
        response.on('data', piece => pieces.push(piece as Buffer))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Answer['headers'],
            body: Buffer.concat(pieces),
          }),
        )
      })
      call.on('error', reject).end()
    })
}

const FILES: Readonly<Record<string, string | Buffer>> = {
  'index.html': '<!doctype html><title>pages</title>',
  '.build': 'a mark',
  'icon.svg': '<svg/>',
  'assets/main-abc.js': SCRIPT,
  'assets/main-abc.js.gz': gzipSync(SCRIPT),
  'assets/main-abc.js.br': 'as brotli writes it',
}

test('files come with their types, and every page is index.html', async t => {
  const get = await start(t)
  for (const path of ['/', '/models', '/models/a/1?x=/assets/', '/index.html', '/.build']) {
    const { status, headers, body } = await get(path)
    assert.equal(status, 200, path)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(headers['cache-control'], 'no-cache')
    assert.match(body.toString(), /<title>pages/)
    assert.match(headers['content-security-policy']!, /script-src 'self'(?:;|$)/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
  const script = await get('/assets/main-abc.js')
  assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8')
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(script.body.toString(), SCRIPT)
  assert.equal((await get('/icon.svg')).headers['content-type'], 'image/svg+xml')
  assert.equal((await get('/assets/main-old.js')).status, 404)
})

test('the smallest form that the browser takes is sent', async t => {
  const get = await start(t)
  const encoded = async (accept: string) => {
    const { headers, body } = await get('/assets/main-abc.js', { 'accept-encoding': accept })
    assert.equal(headers['vary'], 'accept-encoding')
    assert.equal(headers['content-length'], String(body.length))
    return { encoding: headers['content-encoding'], body, etag: headers['etag'] }
  }
  const br = await encoded('gzip, deflate, br')
  assert.equal(br.encoding, 'br')
  const gzip = await encoded('br;q=0, GZIP;q=0.5')
  assert.equal(gzip.encoding, 'gzip')
  assert.equal(gunzipSync(gzip.body).toString(), SCRIPT)
  const plain = await encoded('identity')
  assert.equal(plain.encoding, undefined)
  assert.equal(new Set([br.etag, gzip.etag, plain.etag]).size, 3)
})

test('what the browser has is not sent again', async t => {
  const get = await start(t)
  const { etag = '' } = (await get('/')).headers
  const again = await get('/models', { 'if-none-match': `"other", W/${etag}` })
  assert.equal(again.status, 304)
  assert.equal(again.body.length, 0)
  assert.equal((await get('/', { 'if-none-match': '"other"' })).status, 200)
})

test('no path leads out of the folder', async t => {
  const get = await start(t)
  const paths = [
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/assets/main-abc.js%00',
  ]
  for (const path of paths) {
    const { status, body } = await get(path)
    assert.doesNotMatch(body.toString(), /secret|console/, path)
    assert.ok(status === 200 || status === 404)
  }
})

test('pages are read, not written', async t => {
  const get = await start(t)
  const post = await get('/models', {}, 'POST')
  assert.equal(post.status, 405)
  assert.equal(post.headers['allow'], 'GET, HEAD')
  const head = await get('/', {}, 'HEAD')
  assert.equal(head.status, 200)
  assert.equal(head.body.length, 0)
  assert.equal(head.headers['content-length'], String(FILES['index.html']!.length))
})

test('paths of programs stay theirs', () => {
  const pages = [
    '/',
    '/models',
    '/models/api',
    '/applications/v2',
    '/assets/x.js',
    '/apis',
    '/healthy',
    '/v22',
  ]
  const programs = [
    '/api/v2/model',
    '/api',
    '/gateway/application/a',
    '/health',
    '/v2',
    '/v2/models',
    '/monitoring/x',
    '/swagger',
    '/inference/v2/models',
    '*',
  ]
  for (const path of pages) assert.equal(isUiPath(path, '/inference'), true, path)
  for (const path of programs) assert.equal(isUiPath(path, '/inference'), false, path)
})

test('without a build there is a page that says how to make one', () => {
  assert.match(UNBUILT_UI.get('/index.html')!.identity.toString(), /npm run build:ui/)
})
