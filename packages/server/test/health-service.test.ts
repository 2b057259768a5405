import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { type GrpcService, grpcService } from './grpc-service.ts'
import { MOMENT, moment } from './moments.ts'
import { modelFiles, saying, startTestServer, type TestServer } from './test-server.ts'

const SLOW = (name: string) => `${MOMENT}${saying('x', `async load() { await moment('${name}').promise }`)}`

function healthOf(t: TestContext, { server }: TestServer): GrpcService {
  return grpcService(t, server.grpc, 'grpc/health/v1/health.proto', 'grpc.health.v1.Health')
}

/** The statuses as they come. */
function statusesOf(health: GrpcService, service: string): AsyncIterator<unknown> {
  const watched = health.watch('Watch', { service }) as AsyncIterable<{ status: unknown }>
  return (async function* () {
    for await (const { status } of watched) yield status
  })()
}

async function nextOf(statuses: AsyncIterator<unknown>): Promise<unknown> {
  return (await statuses.next()).value
}

suite('Check', () => {
  for (const service of ['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health']) {
    test(`of ${service || 'the server'}`, async t => {
      const name = `check ${service}`
      const started = await startTestServer(t, modelFiles('m', SLOW(name)))
      const health = healthOf(t, started)
      assert.deepEqual(await health.call('Check', { service }), { status: 'NOT_SERVING' })
      moment(name).resolve('')
      await started.server.started
      assert.deepEqual(await health.call('Check', { service }), { status: 'SERVING' })
    })
  }

  test('of a service that is not there', async t => {
    const started = await startTestServer(t, {})
    const answer = await healthOf(t, started).refusal('Check', { service: 'nobody' })
    assert.deepEqual(answer, ['NOT_FOUND', "service 'nobody' is not on this server"])
  })
})

suite('Watch', () => {
  test('tells every change of readiness, from start to stop', async t => {
    const started = await startTestServer(t, modelFiles('m', SLOW('watched')))
    const { server, write, post } = started
    const statuses = statusesOf(healthOf(t, started), '')
    assert.equal(await nextOf(statuses), 'NOT_SERVING')
    moment('watched').resolve('')
    assert.equal(await nextOf(statuses), 'SERVING')

    // A model that loads for the first time makes the server wait for it.
    await server.started
    await write(modelFiles('second', SLOW('second watched')))
    const loading = post('/v2/repository/models/second/load')
    assert.equal(await nextOf(statuses), 'NOT_SERVING')
    moment('second watched').resolve('')
    assert.equal(await nextOf(statuses), 'SERVING')
    await loading

    const closing = server.close()
    assert.equal(await nextOf(statuses), 'NOT_SERVING')
    await assert.rejects(statuses.next(), /UNAVAILABLE: the server is stopping/)
    await closing
  })

  for (const placement of ['server', 'worker']) {
    test(`tells when a model says that it is not ready, placement ${placement}`, async t => {
      const code = `export class TestModel {
  predict() {
    this.isReady = false
    return { outputs: [] }
  }
}
`
      const files = modelFiles('m', code, { placement })
      const started = await startTestServer(t, files, { parallel_workers: 1 })
      await started.server.started
      const statuses = statusesOf(healthOf(t, started), '')
      assert.equal(await nextOf(statuses), 'SERVING')
      await started.post('/v2/models/m/infer', { inputs: [] })
      assert.equal(await nextOf(statuses), 'NOT_SERVING')
      await started.post('/v2/repository/models/m/load')
      assert.equal(await nextOf(statuses), 'SERVING')
    })
  }

  test('may be silent for longer than other streams', async t => {
    const started = await startTestServer(t, modelFiles('m', saying('x')), { stream_idle_timeout: 0.1 })
    await started.server.started
    const statuses = statusesOf(healthOf(t, started), '')
    assert.equal(await nextOf(statuses), 'SERVING')
    const file = 'grpc/reflection/v1/reflection.proto'
    const reflection = grpcService(t, started.server.grpc, file, 'grpc.reflection.v1.ServerReflection')
    // Opened after the watch, so when it has been cut, the watch has been silent for longer.
    const silent = reflection.open('ServerReflectionInfo').resume()
    const { promise: cut, resolve } = Promise.withResolvers<Error>()
    silent.once('error', resolve)
    assert.match((await cut).message, /DEADLINE_EXCEEDED/)

    const closing = started.server.close()
    assert.equal(await nextOf(statuses), 'NOT_SERVING')
    await assert.rejects(statuses.next(), /UNAVAILABLE/)
    await closing
  })

  test('of a service that is not there says so, and stays', async t => {
    const started = await startTestServer(t, {})
    const statuses = statusesOf(healthOf(t, started), 'nobody')
    assert.equal(await nextOf(statuses), 'SERVICE_UNKNOWN')
  })

  test('does not hold up a server that stops', async t => {
    const started = await startTestServer(t, {}, { shutdown_timeout: 3600 })
    await started.server.started
    const statuses = statusesOf(healthOf(t, started), '')
    assert.equal(await nextOf(statuses), 'SERVING')
    const ended = assert.rejects(async () => {
      while ((await statuses.next()).done !== true);
    }, /UNAVAILABLE/)
    await started.server.close()
    await ended
  })
})
