import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { toTensor } from '@millrace/sdk'
import { startGateway } from '../../gateway/test/gateway-fixture.ts'
import { startServable } from '../../gateway/test/servable-fixture.ts'
import { application, servable, table } from '../../gateway/test/table-fixture.ts'
import type { Store } from '../../store/index.ts'
import { type MonitoringBed, number, openMonitoring } from './monitoring-bed.ts'

const hangs: Store['checks']['append'] = () => new Promise(() => {})

/** A gateway with one application, whose requests a monitoring sees. */
async function start(t: TestContext, bed: MonitoringBed) {
  const version = await bed.version()
  const { endpoint } = await startServable(t, () => [toTensor(number('y', 2))])
  const routed = { ...servable('watched-1-a', version.signature, [endpoint]), modelVersionId: version.id }
  const gateway = await startGateway(t, table([application('app', [[routed, 100]])]), {
    record: bed.monitoring.record,
  })
  return { version, gateway }
}

test('a database that hangs fails no request, and holds none up', async t => {
  const real = await openMonitoring(t)
  const store: Store = { ...real.store, checks: { ...real.store.checks, append: hangs } }
  const bed = await openMonitoring(t, {
    store,
    limits: { maxQueuedRecords: 5, maxBatchRecords: 1, closeTimeoutMs: 10 },
  })
  const { gateway } = await start(t, bed)
  // Each is answered though nothing is ever written, and though the queue is long full.
  for (let index = 0; index < 30; index++) {
    const { status, body } = await gateway.post('/gateway/application/app', { x: index })
    assert.deepEqual([status, body], [200, { y: 2 }])
  }
  const { droppedCount, storedCount } = bed.monitoring.statistics()
  assert.deepEqual([storedCount, droppedCount > 20], [0, true])
  assert.deepEqual(
    gateway.log.filter(line => line.includes('could not be recorded')),
    [],
  )
})

test('what the gateway tells is kept, with the id that the request came with', async t => {
  const bed = await openMonitoring(t)
  const { gateway, version } = await start(t, bed)
  const headers = { 'content-type': 'application/json', 'x-request-id': 'mine' }
  await gateway.post('/gateway/application/app', { x: 3 }, { headers })
  await bed.handled(1)
  const [document] = await bed.documents(version)
  assert.deepEqual(
    ['x', 'y', '_hs_request_id', '_hs_stage_id', '_hs_servable_name'].map(name => document![name]),
    [3, 2, 'mine', '0', 'watched-1-a'],
  )
})

test('monitoring asks the servables of metrics through the gateway, which records nothing of it', async t => {
  const asked = Promise.withResolvers<Awaited<ReturnType<typeof startGateway>>>()
  const bed = await openMonitoring(t, {
    ask: async (name, inputs, { requestId, signal, deadlineMs }) => {
      const { gateway } = await asked.promise
      return gateway.askUnrecorded(name, inputs, {
        headers: { 'x-request-id': requestId },
        signal,
        deadlineMs,
      })
    },
  })
  const started = await start(t, bed)
  asked.resolve(started.gateway)
  const { gateway } = started.gateway
  const call = { headers: {}, signal: AbortSignal.timeout(5_000), deadlineMs: Infinity }
  const outputs = await gateway.askUnrecorded('watched-1-a', [toTensor(number('x', 1))], call)
  assert.equal(outputs[0]?.name, 'y')
  await assert.rejects(gateway.askUnrecorded('nobody', [], call), { code: 'NOT_FOUND', message: /nobody/ })
  // A turn of the thread in which something recorded would have been counted.
  await once(AbortSignal.timeout(0), 'abort')
  const { storedCount, queuedCount } = bed.monitoring.statistics()
  assert.deepEqual([storedCount, queuedCount], [0, 0])
})
