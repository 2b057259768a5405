import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createControlledDriver } from '../test/controlled-driver-fixture.ts'
import { applicationBody, createServingBed } from '../test/serving-bed.ts'
import type { ServableView } from './servable-view.ts'

const path = '/api/v2/servable'

test('a servable starts, serves under its name, and is gone when it is stopped', async t => {
  const bed = await createServingBed(t)
  await bed.release('my_model')
  const made = await bed.ask('POST', path, { modelName: 'my_model', version: 1, metadata: { who: 'me' } })
  const view = made.json as ServableView
  assert.match(view.fullName, /^my-model-1-[a-z]+-[a-z]+$/)
  assert.deepEqual(
    [view.status, view.statusMessage, view.metadata],
    ['Starting', 'Initialization', { who: 'me' }],
  )
  await bed.until(async () => (await bed.store.servables.find(view.fullName))?.status === 'Serving')
  const routed = bed.manager.discovery.table.servables.get(view.fullName)!
  assert.deepEqual([routed.modelName, routed.modelVersion, routed.endpoints.length], ['my_model', 1, 1])
  const { host, port } = (await bed.store.servables.find(view.fullName))!
  assert.equal(`${host}:${port}`, routed.endpoints[0]!.address)

  bed.driver.deployments.get(view.fullName)!.set('NotAvailable', 'gone')
  assert.equal(bed.manager.discovery.table.servables.has(view.fullName), false)
  await bed.until(async () => (await bed.store.servables.find(view.fullName))?.statusMessage === 'gone')

  assert.equal(
    ((await bed.ask('DELETE', `${path}/${view.fullName}`)).json as ServableView).fullName,
    view.fullName,
  )
  assert.deepEqual(bed.driver.history, [view.fullName, `-${view.fullName}`])
  const again = await bed.ask('DELETE', `${path}/${view.fullName}`)
  assert.deepEqual(
    [again.status, again.json],
    [404, { message: `Can't stop Servable ${view.fullName} because it doesn't exist`, error: 'NotFound' }],
  )
  assert.equal((await bed.ask('GET', `${path}/${view.fullName}`)).status, 404)
  assert.deepEqual((await bed.ask('GET', path)).json, [])
})

test('what cannot be deployed is refused, and what is used is not stopped', async t => {
  const bed = await createServingBed(t)
  const version = await bed.release('scaler')
  const refusals: readonly [body: object, status: number, text: RegExp][] = [
    [{ modelName: 'scaler', version: 2 }, 404, /Can't find modelversion scaler:2/],
    [{ modelName: 'scaler', version: 1, deploymentConfigName: 'big' }, 404, /DeploymentConfiguration big/],
    [
      { modelName: 'scaler', version: 1, metadata: { applicationId: '1' } },
      400,
      /metadata\.applicationId is the/,
    ],
    [{ modelName: 'scaler' }, 400, /version/],
    [{ modelName: 'scaler', version: '1' }, 400, /version must be integer/],
  ]
  for (const [body, status, text] of refusals) {
    const answer = await bed.ask('POST', path, body)
    assert.equal(answer.status, status)
    assert.match((answer.json as { message: string }).message, text)
  }
  await bed.ask('POST', '/api/v2/application', applicationBody('app', [version]))
  const [servable] = await bed.store.servables.list()
  const answer = await bed.ask('DELETE', `${path}/${servable!.fullName}`)
  assert.equal(answer.status, 400)
  assert.match((answer.json as { message: string }).message, /It's used in applications \[app\]\.$/)
})

test('the configuration reaches the driver, and what no driver is told is logged', async t => {
  const bed = await createServingBed(t)
  await bed.release('scaler')
  await bed.ask('POST', '/api/v2/deployment_configuration', {
    name: 'big',
    container: {
      resources: { limits: { memory: '4G', cpu: '500m' }, requests: null },
      env: { A: 'b', APP_PORT: '1' },
    },
    deployment: { replicaCount: 3 },
    hpa: { maxReplicas: 2 },
  })
  const body = { modelName: 'scaler', version: 1, deploymentConfigName: 'big' }
  const { fullName } = (await bed.ask('POST', path, body)).json as ServableView
  await bed.until(() => bed.manager.discovery.table.servables.has(fullName))
  const { spec } = bed.driver.deployments.get(fullName)!
  assert.deepEqual(spec.limits, { memoryBytes: 4_000_000_000, cpus: 0.5 })
  assert.deepEqual([spec.environment, spec.replicas, spec.isPinned], [{ A: 'b' }, 3, true])
  assert.equal(bed.manager.discovery.table.servables.get(fullName)!.endpoints.length, 3)
  assert.deepEqual(bed.warnings, ['parts of deployment configuration big are kept and not applied'])
})

test('the log comes as events, so far or as it grows', async t => {
  const driver = createControlledDriver(deployment => deployment.say('one'))
  const bed = await createServingBed(t, { driver })
  await bed.release('scaler')
  const { fullName } = (await bed.ask('POST', path, { modelName: 'scaler', version: 1 })).json as ServableView
  await driver.begun(1)
  const read = async (query: string, signal: AbortSignal) =>
    fetch(`${bed.url}${path}/${fullName}/logs${query}`, { signal })
  const left = new AbortController()
  assert.equal(await (await read('', left.signal)).text(), 'data: one\n\n')
  const following = await read('?follow=true', left.signal)
  assert.equal(following.headers.get('content-type'), 'text/event-stream')
  let seen = ''
  for await (const chunk of following.body!.pipeThrough(new TextDecoderStream())) {
    seen += chunk
    if (seen === 'data: one\n\n') driver.deployments.get(fullName)!.say('two\nlines')
    if (seen.endsWith('data: lines\n\n')) break
  }
  assert.equal(seen, 'data: one\n\ndata: two\ndata: lines\n\n')
  assert.equal((await bed.ask('GET', `${path}/none/logs`)).status, 404)
  assert.equal((await bed.ask('GET', `${path}/${fullName}/logs?follow=maybe`)).status, 400)
})
