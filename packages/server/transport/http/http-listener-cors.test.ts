import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CorsSettings } from '../../base/index.ts'
import { createCors } from './cors.ts'
import type { HttpRoute } from './http-types.ts'
import { bytes, errorOf, request, startListener, text } from './listener-fixture.ts'

const PAGE = 'https://page.example'

const SETTINGS: CorsSettings = {
  allowedOrigins: [PAGE],
  allowedOriginPattern: undefined,
  allowsCredentials: false,
  allowedMethods: ['GET', 'POST'],
  allowedHeaders: [],
  exposedHeaders: [],
  maxAgeSeconds: 600,
}

const routes: readonly HttpRoute[] = [
  { method: 'GET', path: '/get', handle: () => text(200, 'got') },
  { method: 'POST', path: '/post', handle: () => text(200, 'posted', { Vary: 'X-Own' }) },
  {
    method: 'POST',
    path: '/fail',
    handle() {
      throw new TypeError('a defect')
    },
  },
  {
    method: 'POST',
    path: '/stream',
    handle: () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (async function* () {
        yield bytes('data: 1\n\n')
        yield bytes('data: 2\n\n')
      })(),
    }),
  },
]

function preflight(origin: string, method: string, headers?: string): RequestInit {
  return {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
    },
  }
}

/** Those of an answer that matter to a browser. */
function corsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  )
}

test('without settings there are no headers, and OPTIONS is a method like others', async t => {
  const { url } = await startListener(t, routes)
  const answer = await request(`${url}/post`, { method: 'POST', headers: { origin: PAGE } })
  assert.deepEqual(corsOf(answer.headers), { vary: 'X-Own' })
  assert.equal((await request(`${url}/post`, preflight(PAGE, 'POST'))).status, 405)
})

suite('a page that may call', () => {
  test('asks before it posts JSON, and may', async t => {
    const { url, nextObservation } = await startListener(t, routes, { cors: SETTINGS })
    const {
      status,
      headers,
      text: body,
    } = await request(`${url}/post`, preflight(PAGE, 'POST', 'content-type'))
    assert.deepEqual([status, body], [200, ''])
    assert.deepEqual(corsOf(headers), {
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, POST, HEAD',
      'access-control-allow-headers': 'accept, accept-language, content-language, content-type',
      'access-control-max-age': '600',
      vary: 'Origin',
    })
    const { method, route } = await nextObservation()
    assert.deepEqual([method, route, status], ['OPTIONS', undefined, 200])
  })

  test('reads answers, errors of every kind, and streams', async t => {
    const { url } = await startListener(t, routes, {
      cors: SETTINGS,
      limits: { maxBodyBytes: 10 },
      admissionOf: ({ path }) =>
        path === '/get'
          ? () => {
              throw new TypeError('refused')
            }
          : null,
    })
    const cases: [path: string, method: string, body: string, status: number][] = [
      ['/post', 'POST', '', 200],
      ['/stream', 'POST', '', 200],
      ['/fail', 'POST', '', 500],
      ['/post', 'POST', 'x'.repeat(11), 413],
      ['/post', 'PUT', '', 405],
      ['/nowhere', 'POST', '', 404],
      ['/get', 'GET', '', 500],
    ]
    for (const [path, method, body, status] of cases) {
      const init = { method, headers: { origin: PAGE }, ...(body === '' ? {} : { body }) }
      const answer = await request(`${url}${path}`, init)
      assert.equal(answer.status, status, path)
      assert.equal(answer.headers.get('access-control-allow-origin'), PAGE, path)
      assert.match(answer.headers.get('vary') ?? '', /Origin/, path)
    }
  })

  test('a handler varies its answer by what it likes, too', async t => {
    const { url } = await startListener(t, routes, { cors: SETTINGS })
    const answer = await request(`${url}/post`, { method: 'POST', headers: { origin: PAGE } })
    assert.equal(answer.headers.get('vary'), 'X-Own, Origin')
  })
})

suite('a page that may not', () => {
  test('is not told so by headers, but caches learn that others may', async t => {
    const { url } = await startListener(t, routes, { cors: SETTINGS })
    for (const headers of [{ origin: 'https://other.example' }, {}]) {
      const answer = await request(`${url}/get`, { headers })
      assert.equal(answer.status, 200)
      assert.deepEqual(corsOf(answer.headers), { vary: 'Origin' })
    }
  })

  test('is refused when it asks: origin, method, header', async t => {
    const { url } = await startListener(t, routes, { cors: SETTINGS })
    const cases: [init: RequestInit, message: RegExp, origin: string | null][] = [
      [preflight('https://other.example', 'GET'), /origin "https:\/\/other\.example" may not call/, null],
      [preflight(PAGE, 'DELETE'), /method "DELETE"; allowed: GET, POST, HEAD/, PAGE],
      [preflight(PAGE, 'POST', 'x-own'), /header "x-own"; allowed: accept,/, PAGE],
    ]
    for (const [init, message, origin] of cases) {
      const answer = await request(`${url}/post`, init)
      assert.equal(answer.status, 400)
      assert.match(errorOf(answer.text).error, message)
      assert.equal(answer.headers.get('access-control-allow-origin'), origin)
    }
  })
})

test('OPTIONS that is no preflight request is a method like others', async t => {
  const { url } = await startListener(t, routes, { cors: SETTINGS })
  assert.equal((await request(`${url}/post`, { method: 'OPTIONS', headers: { origin: PAGE } })).status, 405)
})

test('a preflight request needs no place and no credentials', async t => {
  const { url } = await startListener(t, routes, {
    cors: SETTINGS,
    admissionOf: () => () => {
      throw new TypeError('refused')
    },
  })
  assert.equal((await request(`${url}/post`, preflight(PAGE, 'POST'))).status, 200)
})

suite('the matrix of origins and credentials', () => {
  const cases: [settings: Partial<CorsSettings>, origin: string, allowed: string | undefined][] = [
    [{ allowedOrigins: ['*'] }, PAGE, '*'],
    [{ allowedOrigins: ['*'], allowsCredentials: true }, PAGE, PAGE],
    [{ allowsCredentials: true }, PAGE, PAGE],
    [{}, 'https://page.example.evil', undefined],
    [{}, 'null', undefined],
    [{ allowedOriginPattern: /^(?:https:\/\/\w+\.example)$/ }, 'https://a.example', 'https://a.example'],
    [{ allowedOriginPattern: /^(?:https:\/\/\w+\.example)$/ }, 'https://a.example.evil', undefined],
    [{ allowedOriginPattern: /^(?:.*)$/ }, `https://${'a'.repeat(600)}`, undefined],
  ]
  for (const [settings, origin, allowed] of cases) {
    test(`${JSON.stringify(settings)} and ${origin.slice(0, 30)}: ${allowed ?? 'nothing'}`, () => {
      const headers = createCors({ ...SETTINGS, ...settings }).headersFor(origin)
      assert.equal(headers['access-control-allow-origin'], allowed)
      const hasCredentials = settings.allowsCredentials === true ? 'true' : undefined
      assert.equal(headers['access-control-allow-credentials'], hasCredentials)
      assert.equal(headers['vary'], allowed === '*' ? undefined : 'Origin')
    })
  }
})

test('stars for methods and headers, exposed headers, age', () => {
  const cors = createCors({
    ...SETTINGS,
    allowedMethods: ['*'],
    allowedHeaders: ['*'],
    exposedHeaders: ['x-one', 'x-two'],
    maxAgeSeconds: 5,
  })
  const answer = cors.preflight({
    origin: PAGE,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'Authorization, X-Own',
  })
  assert.deepEqual(answer.headers, {
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': 'authorization, x-own',
    'access-control-max-age': '5',
    vary: 'Access-Control-Request-Headers',
  })
  assert.equal(cors.headersFor(PAGE)['access-control-expose-headers'], 'x-one, x-two')
})

test('only the methods that were allowed', () => {
  const cors = createCors({ ...SETTINGS, allowedMethods: ['GET'] })
  assert.throws(() => cors.preflight({ origin: PAGE, 'access-control-request-method': 'POST' }), {
    code: 'INVALID_ARGUMENT',
  })
})
