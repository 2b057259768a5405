import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError } from '@millrace/sdk'
import type { HttpRoute } from './http-types.ts'
import { errorOf, request, startListener, text } from './listener-fixture.ts'

const late = (path: string): HttpRoute => ({ method: 'PUT', path, handle: () => text(200, path) })

test('routes that come and go are observed under their pattern', async t => {
  let now: readonly HttpRoute[] = [late('/late/:name')]
  const { url, nextObservation } = await startListener(t, [], { changingRoutes: () => now })
  assert.equal((await request(`${url}/late/1`, { method: 'PUT' })).status, 200)
  assert.equal((await nextObservation()).route, '/late/:name')
  now = []
  assert.equal((await request(`${url}/late/1`, { method: 'PUT' })).status, 404)
  assert.equal((await nextObservation()).route, undefined)
})

test('they are held to the same check of callers as all others, which is asked for once', async t => {
  const asked: string[] = []
  const routes = [late('/closed'), late('/open')]
  const { url } = await startListener(t, [], {
    changingRoutes: () => routes,
    admissionOf({ path }) {
      asked.push(path)
      if (path === '/open') return null
      return () => {
        throw new ServingError('INVALID_ARGUMENT', 'not you')
      }
    },
  })
  for (let time = 0; time < 2; time++) {
    const closed = await request(`${url}/closed`, { method: 'PUT' })
    assert.deepEqual(errorOf(closed.text), { code: 'INVALID_ARGUMENT', error: 'not you' })
    assert.equal((await request(`${url}/open`, { method: 'PUT' })).status, 200)
  }
  assert.deepEqual(asked, ['/closed', '/open'])
})

test('they are held to the same limits as all others', async t => {
  const held = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const slow: HttpRoute = {
    method: 'GET',
    path: '/slow',
    async handle() {
      entered.resolve()
      await held.promise
      return text(200, 'done')
    },
  }
  const changingRoutes = () => ROUTES
  const ROUTES = [slow]
  const { url } = await startListener(t, [], { changingRoutes, limits: { maxConcurrentRequests: 1 } })
  const first = request(`${url}/slow`)
  await entered.promise
  assert.equal((await request(`${url}/slow`)).status, 503)
  held.resolve()
  assert.equal((await first).status, 200)
})
