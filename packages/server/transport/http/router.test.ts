import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import * as fc from 'fast-check'
import type { HttpRoute } from './http-types.ts'
import { HttpRefusal } from './listener-errors.ts'
import { createRouter } from './router.ts'

const route = (method: HttpRoute['method'], path: string): HttpRoute => ({
  method,
  path,
  handle: () => ({ status: 200 }),
})

const router = createRouter([
  route('GET', '/v2'),
  route('GET', '/v2/models/:model'),
  route('POST', '/v2/models/:model/versions/:version/infer'),
  route('GET', '/both'),
  route('POST', '/both'),
])

function found(method: string, path: string): { path: string; params: object } {
  const match = router.match(method, path)
  assert.ok('route' in match, `${method} ${path} is not found`)
  return { path: match.route.path, params: { ...match.params } }
}

function missed(method: string, path: string): ServingError {
  const match = router.match(method, path)
  assert.ok(ServingError.is(match), `${method} ${path} is found`)
  return match
}

test('finds fixed and parametric paths', () => {
  assert.deepEqual(found('GET', '/v2'), { path: '/v2', params: {} })
  assert.deepEqual(found('POST', '/v2/models/m/versions/1/infer').params, { model: 'm', version: '1' })
})

test('does not mind a trailing slash', () => {
  assert.equal(found('GET', '/v2/').path, '/v2')
  assert.deepEqual(found('GET', '/v2/models/m/').params, { model: 'm' })
})

test('HEAD finds what GET finds', () => {
  assert.equal(found('HEAD', '/v2').path, '/v2')
})

test('a parameter of any text comes back as it was encoded', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), model => {
      fc.pre(model !== '.' && model !== '..')
      assert.deepEqual(found('GET', `/v2/models/${encodeURIComponent(model)}`).params, { model })
    }),
  )
})

test('an encoded slash stays inside its segment', () => {
  assert.deepEqual(found('GET', '/v2/models/team%2Fmodel').params, { model: 'team/model' })
})

test('an unknown path names method and path', () => {
  const error = missed('GET', '/v3')
  assert.equal(error.code, 'NOT_FOUND')
  assert.match(error.message, /GET \/v3/)
})

test('an empty segment is not a parameter', () => {
  assert.equal(missed('POST', '/v2/models//versions/1/infer').code, 'NOT_FOUND')
  assert.equal(missed('POST', '/v2/models/m/versions//infer').code, 'NOT_FOUND')
  assert.equal(missed('GET', '/v2/models/').code, 'NOT_FOUND')
})

test('what is no path is not found', () => {
  assert.equal(missed('OPTIONS', '*').code, 'NOT_FOUND')
  assert.equal(missed('GET', '').code, 'NOT_FOUND')
})

test('another verb on a known path lists those that are allowed', () => {
  for (const [method, path, allow] of [
    ['POST', '/v2', 'GET, HEAD'],
    ['GET', '/v2/models/m/versions/1/infer', 'POST'],
    ['HEAD', '/v2/models/m/versions/1/infer', 'POST'],
    ['DELETE', '/both/', 'GET, HEAD, POST'],
  ] as const) {
    const error = missed(method, path)
    assert.ok(error instanceof HttpRefusal)
    assert.equal(error.code, 'UNIMPLEMENTED')
    assert.equal(error.httpStatus, 405)
    assert.deepEqual(error.headers, { allow })
  }
})

test('a percent escape that is none is a wrong request', () => {
  for (const path of ['/v2/models/%zz', '/v2/models/%', '/v2/models/%E0%A4%A', '/%ff']) {
    assert.equal(missed('GET', path).code, 'INVALID_ARGUMENT', path)
  }
})

test('two routes of one method and pattern are refused', () => {
  assert.throws(() => createRouter([route('GET', '/a/:x'), route('GET', '/a/:y')]))
})

test('finds every verb that has a route, and allows those that a path has', () => {
  const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
  const all = createRouter(verbs.map(verb => route(verb, '/all')))
  for (const verb of verbs) assert.ok('route' in all.match(verb, '/all'))
  const refusal = all.match('OPTIONS', '/all')
  assert.ok(refusal instanceof HttpRefusal)
  assert.equal(refusal.headers['allow'], 'GET, HEAD, POST, PUT, PATCH, DELETE')
})

suite('routes that come and go', () => {
  test('are those of the latest array', () => {
    let now: readonly HttpRoute[] = []
    let askedTimes = 0
    const changing = createRouter([route('GET', '/fixed')], () => {
      askedTimes++
      return now
    })
    const find = (method: string, path: string) => {
      const match = changing.match(method, path)
      return 'route' in match ? match : undefined
    }
    assert.equal(find('PUT', '/late/1'), undefined)
    now = [route('PUT', '/late/:name')]
    const match = find('PUT', '/late/1')
    assert.equal(match?.route, now[0])
    assert.equal(match?.isChanging, true)
    assert.deepEqual({ ...match?.params }, { name: '1' })
    now = []
    assert.equal(find('PUT', '/late/1'), undefined)
    askedTimes = 0
    assert.equal(find('GET', '/fixed')?.isChanging, undefined)
    assert.equal(askedTimes, 0, 'fixed routes cost nobody a question')
  })

  test('never have a path that a fixed route has, whatever the verb', () => {
    const changing = createRouter([route('GET', '/x/:name')], () => [
      route('GET', '/x/1'),
      route('POST', '/x/1'),
      route('POST', '/y'),
    ])
    const found = changing.match('GET', '/x/1')
    assert.ok('route' in found)
    assert.equal(found.route.path, '/x/:name')
    const refused = changing.match('POST', '/x/1')
    assert.ok(refused instanceof HttpRefusal)
    assert.equal(refused.headers['allow'], 'GET, HEAD')
    const wrongVerb = changing.match('GET', '/y')
    assert.ok(wrongVerb instanceof HttpRefusal)
    assert.equal(wrongVerb.headers['allow'], 'POST')
  })
})
