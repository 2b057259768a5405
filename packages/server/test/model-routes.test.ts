import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer, type TestServer } from './test-server.ts'

const SUM = `{ method: 'POST', path: '/my-custom-endpoint', handle: request => ({ json: request.json().reduce((a, b) => a + b, 0) }) }`
const ROUTES = `routes = [
  ${SUM},
  { method: 'POST', path: '/long/:letters', handle: ({ params }) => ({ json: { foo: 'f'.repeat(Number(params.letters)) } }) },
  { method: 'PUT', path: '/seen/:a/:b', handle(request, context) {
    const { method, path, params, query, headers, body } = request
    context.setHeader('x-set', 'context')
    return { status: 201, headers: { 'X-Own': 'route' }, json: { method, path, params: { ...params }, query: String(query), header: headers['x-in'], body: body.length } }
  } },
  { method: 'GET', path: '/text', handle: () => ({ body: 'grüße' }) },
  { method: 'DELETE', path: '/text', handle: () => ({ status: 204 }) },
  { method: 'PATCH', path: '/bytes', handle: () => ({ body: new Uint8Array([1, 2]), headers: { 'content-type': 'image/png' } }) },
  { method: 'GET', path: '/throws', handle() { throw new Error('secret') } },
  { method: 'GET', path: '/nothing', handle() {} },
  { method: 'GET', path: '/both', handle: () => ({ json: 1, body: 'x' }) },
  { method: 'GET', path: '/wordless', handle: () => ({ json: Symbol('x') }) },
  { method: 'GET', path: '/exact', handle: () => ({ json: [9007199254740993n] }) },
  { method: 'GET', path: '/header', handle: () => ({ headers: { 'content-length': '5' } }) },
  { method: 'GET', path: '/status', handle: () => ({ status: 99 }) },
]`

async function call(
  { server: { rest } }: TestServer,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`http://${rest.host}:${rest.port}${path}`, { method, ...init })
}

async function started(
  t: TestContext,
  files: Readonly<Record<string, string>> = modelFiles('m', saying('x', ROUTES)),
  settings: object = {},
): Promise<TestServer> {
  const server = await startTestServer(t, files, { parallel_workers: 0, ...settings })
  assert.deepEqual(await server.server.started, [])
  return server
}

for (const parallel_workers of [0, 1]) {
  suite(`a model's own routes, with ${parallel_workers} workers`, () => {
    test('answer like any other', async t => {
      const server = await started(t, undefined, { parallel_workers })
      const sum = await call(server, 'POST', '/my-custom-endpoint', { body: '[1,2,3,4]' })
      assert.equal(sum.headers.get('content-type'), 'application/json')
      assert.equal(await sum.text(), '10')
      const packed = { body: gzipSync('[1,2,3,4]'), headers: { 'content-encoding': 'gzip' } }
      assert.equal(await (await call(server, 'POST', '/my-custom-endpoint', packed)).text(), '10')

      const long = await call(server, 'POST', '/long/1000', { headers: { 'accept-encoding': 'gzip' } })
      assert.equal(long.headers.get('content-encoding'), 'gzip')
      assert.deepEqual(await long.json(), { foo: 'f'.repeat(1000) })

      const seen = await call(server, 'PUT', '/seen/x%2Fy/z/?q=1', { body: 'abc', headers: { 'x-in': 'in' } })
      assert.equal(seen.status, 201)
      assert.equal(seen.headers.get('x-set'), 'context')
      assert.equal(seen.headers.get('x-own'), 'route')
      assert.deepEqual(await seen.json(), {
        method: 'PUT',
        path: '/seen/x%2Fy/z/',
        params: { a: 'x/y', b: 'z' },
        query: 'q=1',
        header: 'in',
        body: 3,
      })

      assert.equal(await (await call(server, 'GET', '/exact')).text(), '[9007199254740993]')

      const text = await call(server, 'GET', '/text')
      assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(await text.text(), 'grüße')
      assert.equal((await call(server, 'HEAD', '/text')).status, 200)
      assert.equal((await call(server, 'DELETE', '/text')).status, 204)
      const bytes = await call(server, 'PATCH', '/bytes')
      assert.equal(bytes.headers.get('content-type'), 'image/png')
      assert.deepEqual([...(await bytes.bytes())], [1, 2])

      const wrong = await call(server, 'POST', '/text')
      assert.equal(wrong.status, 405)
      assert.equal(wrong.headers.get('allow'), 'GET, HEAD, DELETE')
      const broken = await call(server, 'POST', '/my-custom-endpoint', { body: '[1' })
      assert.equal(broken.status, 400)
      assert.match(await broken.text(), /body is not JSON: /)
    })

    const defects: [path: string, message: RegExp][] = [
      ['/throws', /Model m failed unexpectedly/],
      ['/nothing', /./],
      ['/both', /both json and body/],
      ['/wordless', /json that JSON has no word for/],
      ['/header', /'content-length' belongs to the server/],
      ['/status', /./],
    ]
    test('that fail are 500, without what the error said', async t => {
      const server = await started(t, undefined, { parallel_workers })
      for (const [path, message] of defects) {
        const response = await call(server, 'GET', path)
        assert.equal(response.status, 500, path)
        const { error } = (await response.json()) as { error: string }
        assert.match(error, message)
        assert.doesNotMatch(error, /secret/)
      }
      assert.ok(server.log.some(({ level }) => level === 'error'))
    })
  })
}

const route = (text: string) =>
  `routes = [{ method: 'GET', path: '/shared/:${text}', handle: () => ({ body: '${text}' }) }]`

suite('life', () => {
  test('gone after unload, back after load, exchanged by a reload', async t => {
    const server = await started(t)
    const ask = async () => (await call(server, 'GET', '/text')).status
    assert.equal(await ask(), 200)
    await server.post('/v2/repository/models/m/unload')
    assert.equal(await ask(), 404)
    await server.post('/v2/repository/models/m/load')
    assert.equal(await ask(), 200)
    const other = `routes = [{ method: 'GET', path: '/other', handle: () => ({ json: 1 }) }]`
    await server.write(modelFiles('m', saying('x', other)))
    await server.post('/v2/repository/models/m/load')
    assert.equal(await ask(), 404)
    assert.equal((await call(server, 'GET', '/other')).status, 200)
  })

  test('a call is finished before its model is unloaded', async t => {
    const code = `${MOMENT}${saying(
      'x',
      `routes = [{ method: 'GET', path: '/slow', async handle() {
        moment('route entered').resolve('')
        await moment('route goes on').promise
        return { json: this.isUnloaded ?? false }
      } }]
      unload() { moment('route unloaded').resolve('') }`,
    )}`
    const server = await started(t, modelFiles('m', code))
    const slow = call(server, 'GET', '/slow')
    await moment('route entered').promise
    const gone = Promise.withResolvers<void>()
    server.server.registry.onChange(gone.resolve)
    const unloading = server.post('/v2/repository/models/m/unload')
    // The route is gone at once, and the call goes on.
    await gone.promise
    assert.equal((await call(server, 'GET', '/slow')).status, 404)
    let isUnloaded = false
    void moment('route unloaded').promise.then(() => {
      isUnloaded = true
    })
    assert.equal(isUnloaded, false)
    moment('route goes on').resolve('')
    assert.equal((await slow).status, 200)
    assert.equal((await unloading).status, 200)
    await moment('route unloaded').promise
  })

  test('of two models with one route the first keeps it until it goes', async t => {
    const server = await started(t, modelFiles('a', saying('x', route('a')), { name: 'a' }))
    await server.write(modelFiles('b', saying('x', route('b')), { name: 'b' }))
    const ask = async () => (await call(server, 'GET', '/shared/1')).text()
    await server.post('/v2/repository/models/b/load')
    assert.equal(await ask(), 'a')
    await server.post('/v2/repository/models/a/load')
    assert.equal(await ask(), 'a')
    const warnings = server.log.filter(({ message }) => /is not served/.test(String(message)))
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ['route GET /shared/:b of model b is not served: model a has /shared/:a already'],
    )
    await server.post('/v2/repository/models/a/unload')
    assert.equal(await ask(), 'b')
    await server.post('/v2/repository/models/a/load')
    assert.equal(await ask(), 'b', 'who has it keeps it')
  })
})

suite('routes that a model cannot have', () => {
  const rows: [method: string, path: string, reason: RegExp][] = [
    ['GET', '/v2', /belongs to the inference protocol/],
    ['POST', '/v2/models/m', /\/v2\/models\/:model belongs/],
    ['GET', '/v2/models/:x/', /belongs/],
    ['PUT', '/v2/docs/assets/x', /belongs/],
    ['TRACE', '/x', /the method must be one of GET, POST/],
    ['GET', 'x', /the path must be/],
    ['GET', '/x/*', /the path must be/],
    ['GET', '/x//y', /the path must be/],
    ['GET', '/:a/:a', /a name twice/],
    ['GET', `/${'x'.repeat(1024)}`, /at most 1024 characters/],
  ]
  test('are logged, and the others are there', async t => {
    const routes = rows.map(
      ([method, path]) => `{ method: '${method}', path: '${path}', handle: () => ({ json: 'model' }) }`,
    )
    const good = `{ method: 'GET', path: '/good', handle: () => ({ json: 'model' }) }`
    const members = `routes = [${[...routes, good].join()}]`
    const server = await started(t, modelFiles('m', saying('x', members)))
    const warnings = server.log
      .map(({ message }) => String(message))
      .filter(text => /is not served/.test(text))
    for (const [index, [method, path, reason]] of rows.entries()) {
      assert.ok(warnings[index]!.startsWith(`route ${method} ${path} of model m is not served`))
      assert.match(warnings[index]!, reason)
    }
    assert.equal((await call(server, 'GET', '/good')).status, 200)
    const { body } = await server.get('/v2')
    assert.equal((body as { name: string }).name, 'millrace')
    assert.equal((await call(server, 'POST', '/v2/models/m')).status, 405)
  })

  for (const parallel_workers of [0, 1]) {
    test(`routes that are no list are none, with ${parallel_workers} workers`, async t => {
      const server = await started(t, modelFiles('m', saying('x', 'routes = 5')), { parallel_workers })
      assert.equal(await server.ask('m'), 'x')
    })

    test(`what is no route fails the load of its model alone, with ${parallel_workers} workers`, async t => {
      const server = await started(t, modelFiles('m', saying('x')), { parallel_workers })
      await server.write(modelFiles('bad', saying('y', 'routes = [null]')))
      const refused = await server.post('/v2/repository/models/bad/load')
      assert.equal(refused.status, 400)
      assert.match(JSON.stringify(refused.body), /routes\[0\] is null; expected/)
      assert.equal((await server.post('/v2/repository/models/m/load')).status, 200)
      assert.equal(await server.ask('m'), 'x')
    })
  }
})

test('limits hold: a body that is too large', async t => {
  const server = await started(t, undefined, { http_max_body_bytes: 1024 })
  const response = await call(server, 'POST', '/my-custom-endpoint', { body: '1'.repeat(1025) })
  assert.equal(response.status, 413)
})

test('limits hold: a deadline', async t => {
  const code = saying(
    'x',
    `routes = [{ method: 'GET', path: '/never', handle: () => new Promise(() => {}) }]`,
  )
  const server = await started(t, modelFiles('m', code), { request_timeout: 0.05, shutdown_timeout: 0.05 })
  assert.equal((await call(server, 'GET', '/never')).status, 504)
})

test('metrics know the pattern, not the path', async t => {
  const server = await started(t)
  await call(server, 'POST', '/long/7')
  const { metrics } = server.server
  const text = await (await fetch(`http://${metrics!.host}:${metrics!.port}/metrics`)).text()
  assert.match(text, /path="\/long\/:letters"|path="\/long\/\{letters\}"/)
  assert.doesNotMatch(text, /\/long\/7/)
})
