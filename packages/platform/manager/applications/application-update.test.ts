import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagerDiscovery } from '../discovery.ts'
import { createControlledDriver } from '../test/controlled-driver-fixture.ts'
import { applicationBody, createServingBed, type ServingBed, signature, tensor } from '../test/serving-bed.ts'
import type { ApplicationView } from './application-view.ts'

const path = '/api/v2/application'

async function statusIs(bed: ServingBed, name: string, status: string): Promise<ApplicationView> {
  await bed.until(async () => (await bed.store.applications.find(name))?.status === status)
  return (await bed.ask('GET', `${path}/${name}`)).json as ApplicationView
}

function routed({ table }: ManagerDiscovery, name: string): readonly string[] {
  const { stages } = table.applications.get(name)!
  return stages.flatMap(({ variants }) =>
    variants.map(({ servable, weight }) => `${servable.modelName} ${weight}`),
  )
}

test('an update keeps id, metadata and routes; the new routes come in one step, and then the old servable goes', async t => {
  const held = Promise.withResolvers<() => void>()
  const driver = createControlledDriver(deployment => {
    if (deployment.spec.modelName === 'two') held.resolve(() => deployment.set('Serving'))
    else deployment.set('Serving')
  })
  const bed = await createServingBed(t, { driver })
  const [one, two] = [await bed.release('one'), await bed.release('two')]
  const streaming = [{ sourceTopic: 'in', destinationTopic: 'out' }]
  const made = await bed.ask('POST', path, {
    ...applicationBody('app', [one]),
    metadata: { team: 'a' },
    kafkaStreaming: streaming,
  })
  assert.deepEqual((made.json as ApplicationView).kafkaStreaming, streaming)
  assert.match(bed.warnings.join(), /Kafka topics, which are kept and not read/)
  const before = await statusIs(bed, 'app', 'Ready')
  const { id } = before
  const seen: (readonly string[])[] = []
  bed.manager.discovery.onChange(() => seen.push(routed(bed.manager.discovery, 'app')))

  const answer = await bed.ask('PUT', path, { ...applicationBody('app', [two]), id })
  const updated = answer.json as ApplicationView
  assert.deepEqual([updated.id, updated.status, updated.metadata], [id, 'Assembling', { team: 'a' }])
  assert.deepEqual(updated.kafkaStreaming, [])
  assert.match(
    updated.message!,
    /Initialization; until it is ready, the application answers as before the update/,
  )
  const serve = await held.promise
  assert.deepEqual(routed(bed.manager.discovery, 'app'), ['one 100'])
  serve()
  const after = await statusIs(bed, 'app', 'Ready')
  assert.equal(after.message, null)
  assert.deepEqual(routed(bed.manager.discovery, 'app'), ['two 100'])
  const oldName = before.executionGraph.stages[0]!.modelVariants[0]!.servableName!
  await bed.until(async () => (await bed.store.servables.find(oldName)) === undefined)
  assert.deepEqual(driver.history.at(-1), `-${oldName}`)
  assert.deepEqual([...new Set(seen.map(String))], ['one 100', 'two 100'])
})

test('where only weights change, servables stay and the update is over at once', async t => {
  const bed = await createServingBed(t)
  const [one, two] = [await bed.release('one'), await bed.release('two')]
  const body = (a: number, b: number) =>
    applicationBody('app', [
      { modelVersionId: one, weight: a },
      { modelVersionId: two, weight: b },
    ])
  await bed.ask('POST', path, body(80, 20))
  const before = await statusIs(bed, 'app', 'Ready')
  const answer = await bed.ask('PUT', path, { ...body(50, 50), id: before.id })
  assert.equal((answer.json as ApplicationView).status, 'Ready')
  assert.deepEqual(routed(bed.manager.discovery, 'app'), ['one 50', 'two 50'])
  assert.equal(bed.driver.history.length, 2)
})

test('an update that fails says why and leaves the old answering; going back needs no new servable', async t => {
  const bed = await createServingBed(t)
  const [one, refused] = [await bed.release('one'), await bed.release('refused')]
  await bed.ask('POST', path, applicationBody('app', [one]))
  const { id } = await statusIs(bed, 'app', 'Ready')
  await bed.ask('PUT', path, { ...applicationBody('app', [refused]), id })
  const failed = await statusIs(bed, 'app', 'Failed')
  assert.match(
    failed.message!,
    /this driver does not run refused; until it is ready, the application answers as/,
  )
  assert.deepEqual(routed(bed.manager.discovery, 'app'), ['one 100'])
  const back = await bed.ask('PUT', path, { ...applicationBody('app', [one]), id })
  assert.equal((back.json as ApplicationView).status, 'Ready')
  assert.equal(bed.driver.history.length, 1)
  assert.equal((await bed.store.servables.list()).length, 1)
})

test('a new name takes the place of the old one', async t => {
  const bed = await createServingBed(t)
  const one = await bed.release('one')
  await bed.ask('POST', path, applicationBody('app', [one]))
  const { id } = await statusIs(bed, 'app', 'Ready')
  await bed.ask('POST', path, applicationBody('other', [one]))
  const taken = await bed.ask('PUT', path, { ...applicationBody('other', [one]), id })
  assert.equal(taken.status, 400)
  assert.equal((await bed.ask('PUT', path, { ...applicationBody('renamed', [one]), id })).status, 200)
  const { table } = bed.manager.discovery
  assert.deepEqual([table.applications.has('app'), table.applications.get('renamed')?.id], [false, id])
})

test('in its next life the manager answers with the old stages until the update is ready', async t => {
  const bed = await createServingBed(t, {
    driver: createControlledDriver(deployment => {
      if (deployment.spec.modelName === 'one') deployment.set('Serving')
    }),
  })
  const [one, two] = [await bed.release('one'), await bed.release('two')]
  await bed.ask('POST', path, applicationBody('app', [one]))
  const before = await statusIs(bed, 'app', 'Ready')
  await bed.ask('PUT', path, { ...applicationBody('app', [two]), id: before.id })
  const servables = (await bed.store.servables.list()).map(({ fullName }) => fullName)

  const held = Promise.withResolvers<() => void>()
  const driver = createControlledDriver(deployment => {
    if (deployment.spec.modelName === 'one') deployment.set('Serving')
    else held.resolve(() => deployment.set('Serving'))
  })
  const next = await bed.restart(driver)
  assert.equal(driver.cleanUps, 1)
  await driver.begun(2)
  assert.deepEqual([...driver.deployments.keys()].toSorted(), servables.toSorted())
  await next.until(() => next.manager.discovery.table.applications.has('app'))
  assert.deepEqual(routed(next.manager.discovery, 'app'), ['one 100'])
  const serve = await held.promise
  serve()
  await statusIs(next, 'app', 'Ready')
  assert.deepEqual(routed(next.manager.discovery, 'app'), ['two 100'])
  await next.until(async () => (await next.store.servables.list()).length === 1)
})

test('what an earlier life left half made is mended, or fails with the reason', async t => {
  const bed = await createServingBed(t)
  const one = await bed.release('one')
  const watched = await bed.release('watched')
  const { store } = bed
  const scaler = signature([tensor('xs', [-1, 2])], [tensor('total')])
  const graph = (id: number) => ({
    stages: [{ modelVariants: [{ modelVersionId: id, weight: 100 }], signature: scaler }],
  })
  await store.applications.create({ name: 'half', signature: scaler, graph: graph(one) })
  const runtime = { name: 'r', tag: '1', sha256: undefined }
  const failed = await store.modelVersions.create({ modelName: 'broken', signature: scaler, runtime })
  await store.modelVersions.fail(failed.id, 'no')
  await store.applications.create({ name: 'lost', signature: scaler, graph: graph(failed.id) })
  await store.servables.create({ fullName: 'one-1-a-b', versionId: one, metadata: { applicationId: '77' } })
  await store.servables.create({ fullName: 'one-1-own-one', versionId: one })
  await store.metricSpecifications.create({
    name: 'm',
    versionId: watched,
    metricVersionId: one,
    threshold: 1,
    operator: 'Less',
  })
  const next = await bed.restart(createControlledDriver())
  await statusIs(next, 'half', 'Ready')
  const lost = await statusIs(next, 'lost', 'Failed')
  assert.match(lost.message!, /Can't deploy non-released ModelVersion: broken:1 - Failed/)
  const names = (await next.store.servables.list()).map(({ fullName }) => fullName)
  assert.equal(names.includes('one-1-a-b'), false)
  assert.equal(names.includes('one-1-own-one'), true)
  const [metric] = await next.store.metricSpecifications.list()
  assert.ok(names.includes(metric!.servableName!))
  assert.equal(names.length, 3)
})
