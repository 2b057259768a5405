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
