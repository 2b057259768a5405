import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { isServiceError } from './forms/grpc.ts'
import { statusName } from './forms/grpc-client.ts'
import { bodyOf, readRefusal } from './forms/rest.ts'
import { openTarget, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

/** Every error is JSON with a member `error`; `readRefusal` looks. */
async function refused(method: string, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(new URL(path, target.rest), {
    method,
    headers,
    ...(method === 'POST' ? { body: '{}' } : {}),
  })
  return readRefusal(response, await bodyOf(response))
}

suite('routes that do not exist', () => {
  for (const path of [
    '/',
    '/nothing',
    '/v3',
    '/v2/nothing',
    '/v2/models/echo/nothing',
    '/v2/models/echo/versions/1/x/y',
    '/v2/health',
  ]) {
    test(`GET ${path}`, async () => {
      const { status, message } = await refused('GET', path)
      assert.equal(status, 404)
      assert.match(message, new RegExp(`GET ${path} does not exist`))
    })
  }

  test('a long path is not repeated as a whole', async () => {
    const { status, message } = await refused('GET', `/${'x'.repeat(8000)}`)
    assert.equal(status, 404)
    assert.ok(message.length < 400)
  })
})

suite('HEAD answers as GET does, and a slash at the end does not matter', () => {
  for (const path of ['/v2', '/v2/', '/v2/health/live', '/v2/health/ready/', '/v2/models/echo/ready']) {
    test(path, async () => {
      for (const method of ['HEAD', 'GET']) {
        const response = await fetch(new URL(path, target.rest), { method, redirect: 'error' })
        assert.equal(response.status, 200, method)
        await response.arrayBuffer()
      }
    })
  }
})

suite('documentation', () => {
  for (const subject of ['/v2', '/v2/models/sum-model', '/v2/models/sum-model/versions/v1.2.3']) {
    test(`of ${subject}`, async () => {
      const page = await fetch(new URL(`${subject}/docs`, target.rest))
      assert.equal(page.status, 200)
      assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
      assert.doesNotMatch(await page.text(), /https?:/, 'nothing from elsewhere')
      const document = await fetch(new URL(`${subject}/docs/dataplane.json`, target.rest))
      const { openapi, paths } = (await document.json()) as { openapi: string; paths: object }
      assert.match(openapi, /^3\./)
      assert.ok(subject === '/v2' || subject in paths)
      const isVersioned = subject.includes('/versions/')
      assert.equal('/v2/models/sum-model/infer' in paths, subject !== '/v2' && !isVersioned)
    })
  }

  test('of a model that is not there', async () => {
    const { status, message } = await refused('GET', '/v2/models/none/docs/dataplane.json')
    assert.deepEqual([status, message], [404, 'Model none not found'])
  })
})

suite('wrong verbs', () => {
  const rows = [
    ['GET', '/v2/models/echo/infer', 'POST'],
    ['PUT', '/v2/models/echo/infer', 'POST'],
    ['GET', '/v2/models/echo/versions/1/infer_stream', 'POST'],
    ['GET', '/v2/repository/index', 'POST'],
    ['DELETE', '/v2/repository/models/echo/unload', 'POST'],
    ['POST', '/v2', 'GET, HEAD'],
    ['POST', '/v2/health/live', 'GET, HEAD'],
    ['DELETE', '/v2/models/echo', 'GET, HEAD'],
  ] as const
  for (const [method, path, allow] of rows) {
    test(`${method} ${path}`, async () => {
      const { status, message, headers } = await refused(method, path)
      assert.equal(status, 405)
      assert.equal(headers['allow'], allow)
      assert.match(message, /is not allowed/)
    })
  }
})

test('a percent escape that is no UTF-8', async () => {
  const { status, message } = await refused('GET', '/v2/models/a%ffb')
  assert.equal(status, 400)
  assert.match(message, /percent escape/)
})

suite("Triton's extensions that are not offered say so", () => {
  for (const path of [
    '/v2/trace/setting',
    '/v2/logging',
    '/v2/systemsharedmemory/status',
    '/v2/cudasharedmemory/status',
  ]) {
    for (const method of ['GET', 'POST']) {
      test(`${method} ${path}`, async () => {
        const { status, message } = await refused(method, path)
        assert.equal(status, 501)
        assert.match(message, /does not offer the \w+ extension/)
      })
    }
  }

  for (const method of [
    'SystemSharedMemoryStatus',
    'CudaSharedMemoryUnregister',
    'TraceSetting',
    'LogSettings',
  ]) {
    test(method, async () => {
      await assert.rejects(target.client.call(method, {}), error => {
        assert.ok(isServiceError(error))
        assert.equal(statusName(error), 'UNIMPLEMENTED')
        assert.match(error.details, /does not offer the \w+ extension/)
        return true
      })
    })
  }
})
