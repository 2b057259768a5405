import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { grpcService } from './grpc-service.ts'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, startTestServer } from './test-server.ts'

function holding(name: string): string {
  return `${MOMENT}export class TestModel {
    async predict({ id }) {
      moment('${name} ' + id).resolve()
      const text = await moment('${name} may answer').promise
      return { outputs: [{ name: 'said', datatype: 'BYTES', shape: [1], data: [text] }] }
    }
  }`
}

const INFER = '/v2/models/m/infer'

suite('max_concurrent_requests', () => {
  test('on REST: more are refused at once with 503, and health answers', async t => {
    const { server, get, post } = await startTestServer(t, modelFiles('m', holding('rest')), {
      max_concurrent_requests: 2,
    })
    await server.started
    const running = ['1', '2'].map(id => post(INFER, { id, inputs: [] }))
    await Promise.all([moment('rest 1').promise, moment('rest 2').promise])

    const { status, headers, body } = await post(INFER, { inputs: [] })
    assert.equal(status, 503)
    assert.equal(headers.get('retry-after'), '1')
    assert.deepEqual(body, { error: '2 requests are being answered already' })
    for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/models/m/ready']) {
      assert.equal((await get(path)).status, 200, path)
    }

    moment('rest may answer').resolve('done')
    assert.deepEqual(
      (await Promise.all(running)).map(({ status }) => status),
      [200, 200],
    )
    assert.equal((await post(INFER, { id: '3', inputs: [] })).status, 200)
  })

  test('on gRPC: more end with RESOURCE_EXHAUSTED, and health answers', async t => {
    const { server } = await startTestServer(t, modelFiles('m', holding('grpc')), {
      max_concurrent_requests: 2,
    })
    await server.started
    const inference = grpcService(t, server.grpc, 'inference.proto', 'inference.GRPCInferenceService')
    const health = grpcService(t, server.grpc, 'grpc/health/v1/health.proto', 'grpc.health.v1.Health')
    const running = ['1', '2'].map(id => inference.call('ModelInfer', { model_name: 'm', id }))
    await Promise.all([moment('grpc 1').promise, moment('grpc 2').promise])

    const [status, details] = await inference.refusal('ModelInfer', { model_name: 'm' })
    assert.equal(status, 'RESOURCE_EXHAUSTED')
    assert.match(details, /2/)
    for (const method of ['ServerLive', 'ServerReady', 'ModelReady']) {
      assert.deepEqual(await inference.refusal(method, { name: 'm' }), ['OK', ''], method)
    }
    assert.deepEqual(await health.call('Check', {}), { status: 'SERVING' })
    // Watchers take no places: one more than there are.
    for (let count = 0; count < 3; count++) {
      const watch = health.watch('Watch', {}) as AsyncIterable<object>
      for await (const answer of watch) {
        assert.deepEqual(answer, { status: 'SERVING' })
        break
      }
    }

    moment('grpc may answer').resolve('done')
    await Promise.all(running)
    assert.deepEqual(await inference.refusal('ModelInfer', { model_name: 'm', id: '3' }), ['OK', ''])
  })

  test('of one model: those that hang in it count beyond their deadline', async t => {
    const { server, post } = await startTestServer(t, modelFiles('m', holding('hung')), {
      max_concurrent_requests: 2,
      request_timeout: 0.05,
      shutdown_timeout: 0.05,
    })
    await server.started
    const late = await Promise.all(['1', '2'].map(id => post(INFER, { id, inputs: [] })))
    assert.deepEqual(
      late.map(({ status }) => status),
      [504, 504],
    )
    const { status, body } = await post(INFER, { inputs: [] })
    assert.equal(status, 503)
    assert.deepEqual(body, {
      error: 'Model m is working on 2 requests, which is its limit (max_concurrent_requests)',
    })

    moment('hung may answer').resolve('at last')
    // What hung leaves in the turns after this one; until then the answer is the same refusal.
    let last = await post(INFER, { inputs: [] })
    while (last.status === 503) last = await post(INFER, { inputs: [] })
    assert.equal(last.status, 200)
  })
})

test('max_inflight_bytes: what does not fit is refused at once', async t => {
  const { server, post } = await startTestServer(t, modelFiles('m', holding('bytes')), {
    max_inflight_bytes: 4096,
  })
  await server.started
  const filler = { more: 'x'.repeat(3000) }
  const running = post(INFER, { id: '1', inputs: [], ...filler })
  await moment('bytes 1').promise
  const { status, headers } = await post(INFER, { inputs: [], ...filler })
  assert.equal(status, 503)
  assert.equal(headers.get('retry-after'), '1')
  moment('bytes may answer').resolve('done')
  assert.equal((await running).status, 200)
})
