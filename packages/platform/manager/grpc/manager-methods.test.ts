import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { loadHydrosphereG2, loadHydrosphereG3 } from '@millrace/sdk/protocol'
import type { ManagerMethod } from '../grpc-method.ts'
import { createControlledDriver } from '../test/controlled-driver-fixture.ts'
import { applicationBody, createServingBed, refusal, type ServingBed } from '../test/serving-bed.ts'

const [g2, g3] = [await loadHydrosphereG2(), await loadHydrosphereG3()]
const G2 = '/hydrosphere.manager.ManagerService'
const G3 = '/hydrosphere.serving.manager.ManagerService'

function callOf(signal = new AbortController().signal) {
  return { headers: {}, signal, deadlineMs: Number.POSITIVE_INFINITY }
}

async function* once(message: Uint8Array): AsyncIterable<Uint8Array> {
  yield message
}

function methodOf(bed: ServingBed, path: string): ManagerMethod {
  const method = bed.manager.methods.get(path)
  assert.ok(method, path)
  return method
}

async function askOne(bed: ServingBed, path: string, message: Uint8Array): Promise<Uint8Array> {
  const method = methodOf(bed, path)
  assert.ok(method.kind === 'unary')
  return method.handle(message, callOf())
}

function askMany(bed: ServingBed, path: string, message: Uint8Array): AsyncIterable<Uint8Array> {
  const method = methodOf(bed, path)
  assert.ok(method.kind === 'stream')
  return method.handle(once(message), callOf())
}

const EMPTY = new Uint8Array()

test('versions are told in the words of each generation', async t => {
  const bed = await createServingBed(t)
  const id = await bed.release('scaler')
  const version = await bed.store.modelVersions.create({
    modelName: 'scaler',
    signature: (await bed.store.modelVersions.get(id))!.signature,
    runtime: { name: 'acme/python', tag: '3', sha256: undefined },
    metadata: { author: 'ann' },
    monitoringConfiguration: { batchSize: 50 },
  })
  const all = await Array.fromAsync(askMany(bed, `${G3}/GetAllVersions`, EMPTY))
  assert.deepEqual(
    all.map(bytes => {
      const { version, status, name } = fromBinary(g3.manager.ModelVersionSchema, bytes)
      return [version, status, name]
    }),
    [
      [1n, g3.manager.ModelVersionStatus.Success, 'scaler'],
      [2n, g3.manager.ModelVersionStatus.Building, 'scaler'],
    ],
  )
  const request = toBinary(
    g3.manager.GetVersionRequestSchema,
    create(g3.manager.GetVersionRequestSchema, { id: BigInt(version.id) }),
  )
  const third = fromBinary(g3.manager.ModelVersionSchema, await askOne(bed, `${G3}/GetVersion`, request))
  assert.deepEqual(third.signature!.inputs[0]!.shape!.dims, [-1n, 2n])
  assert.deepEqual([third.metadata, third.monitoringConfiguration!.batchSize], [{ author: 'ann' }, 50])
  const second = fromBinary(g2.manager.ModelVersionSchema, await askOne(bed, `${G2}/GetVersion`, request))
  assert.deepEqual(
    [second.status, second.model!.name, second.contract!.modelName, second.runtime!.tag],
    ['Assembling', 'scaler', 'scaler', '3'],
  )
  const [input] = second.contract!.signatures[0]!.inputs
  assert.deepEqual(
    input!.shape!.dim.map(({ size }) => size),
    [-1n, 2n],
  )
  assert.deepEqual(input!.typeOrSubfields, { case: 'dtype', value: g2.tensor.DataType.DT_DOUBLE })
  const none = toBinary(
    g3.manager.GetVersionRequestSchema,
    create(g3.manager.GetVersionRequestSchema, { id: 99n }),
  )
  await assert.rejects(askOne(bed, `${G3}/GetVersion`, none), refusal('NOT_FOUND', /modelversion id 99/))
  await assert.rejects(
    askOne(bed, `${G3}/GetVersion`, Uint8Array.of(0xff)),
    refusal('INVALID_ARGUMENT', /GetVersionRequest/),
  )
})

test('a deployment is told from Starting to its end, and found and removed by its name', async t => {
  const bed = await createServingBed(t)
  await bed.release('scaler')
  const { manager } = g3
  const Status = manager.Servable_ServableStatus
  const deploy = (init: MessageInitShape<typeof manager.DeployServableRequestSchema>) =>
    toBinary(manager.DeployServableRequestSchema, create(manager.DeployServableRequestSchema, init))
  const request = deploy({
    modelVersion: { case: 'fullname', value: { name: 'scaler', version: 1n } },
    metadata: { who: 'me', what: 'test' },
  })
  const told = (await Array.fromAsync(askMany(bed, `${G3}/DeployServable`, request))).map(bytes =>
    fromBinary(manager.ServableSchema, bytes),
  )
  assert.deepEqual(
    told.map(({ status, statusMessage }) => [status, statusMessage]),
    [
      [Status.STARTING, 'Initialization'],
      [Status.SERVING, ''],
    ],
  )
  const { name, host, port, modelVersion } = told[1]!
  assert.deepEqual([host, port > 40_000, modelVersion!.name], ['127.0.0.1', true, 'scaler'])
  await Array.fromAsync(
    askMany(bed, `${G2}/DeployServable`, deploy({ modelVersion: { case: 'versionId', value: 1n } })),
  )
  const find = async (filter: MessageInitShape<typeof manager.ServableFilterSchema>) => {
    const request = toBinary(
      manager.GetServablesRequestSchema,
      create(manager.GetServablesRequestSchema, { filter }),
    )
    const found = await Array.fromAsync(askMany(bed, `${G3}/GetServables`, request))
    return found.map(bytes => fromBinary(manager.ServableSchema, bytes).name)
  }
  assert.equal((await find({})).length, 2)
  assert.deepEqual(await find({ metadata: { who: 'me' } }), [name])
  assert.deepEqual(await find({ name }), [name])
  assert.deepEqual(await find({ versionId: 7n }), [])
  const remove = toBinary(
    manager.RemoveServableRequestSchema,
    create(manager.RemoveServableRequestSchema, { servableName: name }),
  )
  const removed = fromBinary(g2.manager.ServableSchema, await askOne(bed, `${G2}/RemoveServable`, remove))
  assert.equal(removed.name, name)
  await assert.rejects(askOne(bed, `${G2}/RemoveServable`, remove), refusal('NOT_FOUND'))
  await assert.rejects(
    Array.fromAsync(askMany(bed, `${G3}/DeployServable`, deploy({}))),
    refusal('INVALID_ARGUMENT', /model_version is missing/),
  )
})

/** Watches until the client's own stream ends. */
function watch(bed: ServingBed, path: string) {
  const left = Promise.withResolvers<void>()
  const open = (async function* () {
    yield EMPTY
    await left.promise
  })()
  const method = methodOf(bed, path)
  assert.ok(method.kind === 'stream')
  const events = method.handle(open, callOf())[Symbol.asyncIterator]()
  return {
    async next() {
      const { value, done } = (await events.next()) as IteratorResult<Uint8Array, undefined>
      return done === true ? undefined : value
    },
    leave: () => left.resolve(),
  }
}

test('watchers get what is there in batches of ten, and then what changes', async t => {
  const bed = await createServingBed(t)
  const version = await bed.release('scaler')
  for (let count = 0; count < 11; count++) {
    await bed.ask('POST', '/api/v2/servable', { modelName: 'scaler', version: 1 })
  }
  await bed.until(() => bed.manager.discovery.table.servables.size === 11)
  const { discovery } = g3
  const servables = watch(bed, '/hydrosphere.serving.discovery.ServingDiscovery/WatchServables')
  const read = async () => fromBinary(discovery.ServableDiscoveryEventSchema, (await servables.next())!)
  assert.equal((await read()).added.length, 10)
  const [last] = (await read()).added
  await bed.ask('DELETE', `/api/v2/servable/${last!.name}`)
  for (;;) {
    // Events of what the list had already shown may come first.
    const { removedIdx } = await read()
    if (removedIdx.length === 0) continue
    assert.deepEqual(removedIdx, [last!.name])
    break
  }
  servables.leave()
  assert.equal(await servables.next(), undefined)

  const third = watch(bed, '/hydrosphere.serving.discovery.ServingDiscovery/WatchApplications')
  const second = watch(bed, '/hydrosphere.discovery.ServingDiscovery/WatchApplications')
  const oldest = watch(bed, '/hydrosphere.discovery.ServingDiscovery/watch')
  const readThird = async () => fromBinary(discovery.ApplicationDiscoveryEventSchema, (await third.next())!)
  const readSecond = async (from: typeof second) =>
    fromBinary(g2.discovery.ApplicationDiscoveryEventSchema, (await from.next())!)
  assert.deepEqual((await readThird()).added, [])
  await readSecond(second)
  await readSecond(oldest)
  await bed.ask('POST', '/api/v2/application', applicationBody('app', [version]))
  const [added] = (await readThird()).added
  assert.deepEqual(
    [added!.name, added!.status, added!.pipeline[0]!.stageId, added!.pipeline[0]!.servable[0]!.weight],
    ['app', g3.manager.Application_ApplicationStatus.READY, '0', 100],
  )
  for (const from of [second, oldest]) {
    const [added] = (await readSecond(from)).added
    assert.deepEqual([added!.name, added!.contract!.modelName], ['app', 'app'])
    assert.equal(added!.pipeline[0]!.stageId, `app${added!.id}stage0`)
  }
  await bed.ask('DELETE', '/api/v2/application/app')
  assert.deepEqual((await readThird()).removedIds, ['app'])
  assert.deepEqual((await readSecond(second)).removedIds, [added!.id])
})

test('metric specifications are announced in field 3, and the manager ends its watchers when it closes', async t => {
  const bed = await createServingBed(t, { driver: createControlledDriver(() => {}) })
  const [watched, metric] = [await bed.release('scaler'), await bed.release('metric')]
  const metrics = watch(bed, '/hydrosphere.serving.discovery.ServingDiscovery/WatchMetricSpec')
  assert.deepEqual((await metrics.next())!, EMPTY)
  await bed.ask('POST', '/api/v2/monitoring/metricspec', {
    name: 'outlier',
    modelVersionId: watched,
    config: { modelVersionId: metric, threshold: 0.5, thresholdCmpOperator: { kind: 'GreaterEq' } },
  })
  const bytes = (await metrics.next())!
  assert.equal(bytes[0], (3 << 3) | 2)
  const [added] = fromBinary(g3.discovery.MetricSpecDiscoveryEventSchema, bytes).added
  const { customModelConfig } = added!
  assert.deepEqual(
    [customModelConfig!.monitorModelId, customModelConfig!.threshold!.comparison],
    [BigInt(metric), g3.manager.ThresholdConfig_CmpOp.GREATER_EQ],
  )
  assert.equal(customModelConfig!.servable!.status, g3.manager.Servable_ServableStatus.STARTING)
  const next = metrics.next()
  const closing = bed.manager.close()
  await assert.rejects(next, refusal('UNAVAILABLE'))
  await closing
})
