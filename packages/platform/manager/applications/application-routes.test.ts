import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ControlledDeployment, createControlledDriver } from '../test/controlled-driver-fixture.ts'
import { applicationBody, createServingBed, signature, tensor } from '../test/serving-bed.ts'
import type { ApplicationView } from './application-view.ts'

const path = '/api/v2/application'

test('a single variant has all the weight and its own signature, and is routed when it serves', async t => {
  const bed = await createServingBed(t)
  const version = await bed.release('scaler')
  const made = await bed.ask('POST', path, {
    ...applicationBody('scaler-app', [{ modelVersionId: version, weight: 7, deploymentConfigName: null }]),
    metadata: { team: 'a' },
  })
  assert.equal(made.status, 200)
  const view = made.json as ApplicationView
  assert.deepEqual(
    { ...view, executionGraph: undefined },
    {
      id: 1,
      name: 'scaler-app',
      namespace: null,
      status: 'Assembling',
      signature: signature([tensor('xs', [-1, 2])], [tensor('total')]),
      message: null,
      metadata: { team: 'a' },
      kafkaStreaming: [],
      executionGraph: undefined,
    },
  )
  const [variant] = view.executionGraph.stages[0]!.modelVariants
  assert.equal(variant!.weight, 100)
  assert.match(variant!.servableName!, /^scaler-1-[a-z]+-[a-z]+$/)
  await bed.until(() => bed.manager.discovery.table.applications.has('scaler-app'))
  const ready = (await bed.ask('GET', `${path}/scaler-app`)).json as ApplicationView
  assert.deepEqual([ready.status, ready.message], ['Ready', null])
  const servable = (await bed.ask('GET', `/api/v2/servable/${variant!.servableName}`)).json
  assert.deepEqual(servable, {
    modelVersionId: version,
    status: 'Serving',
    statusMessage: null,
    fullName: variant!.servableName,
    metadata: { applicationName: 'scaler-app', applicationId: '1' },
    deploymentConfigurationName: 'hydrosphere_manager_default',
  })
  assert.deepEqual((await bed.ask('GET', `${path}/generateInputs/scaler-app`)).json, { xs: [[1, 1]] })
})

test('what does not fit is refused, and nothing is left of it', async t => {
  const bed = await createServingBed(t)
  const scaler = await bed.release('scaler')
  const other = await bed.release('other', signature([tensor('xs', [-1, 2])], [tensor('total')], 'predict'))
  const reader = await bed.release('reader', signature([tensor('total', [], 'DT_FLOAT')], [tensor('y')]))
  const external = await bed.store.modelVersions.createExternal({
    modelName: 'fraud',
    signature: signature([tensor('xs')], [tensor('y')]),
  })
  const runtime = { name: 'r', tag: '1', sha256: undefined }
  const failed = await bed.store.modelVersions.create({
    modelName: 'broken',
    runtime,
    signature: signature([tensor('xs')], [tensor('y')]),
  })
  await bed.store.modelVersions.fail(failed.id, 'no')
  await bed.ask('POST', path, applicationBody('taken', [scaler]))
  const refusals: readonly [body: object, status: number, text: RegExp][] = [
    [
      applicationBody('a b', [scaler]),
      400,
      /^Application name a b contains invalid symbols\. It should only/,
    ],
    [applicationBody('x'.repeat(129), [scaler]), 400, /129 characters; allowed are 128/],
    [applicationBody('taken', [scaler]), 400, /^Application with name taken already exists$/],
    [applicationBody('a'), 400, /executionGraph\.stages: 0 items/],
    [applicationBody('a', []), 400, /stages\[0\]\.modelVariants: 0 items/],
    [applicationBody('a', [99]), 404, /^Can't find modelversion id 99$/],
    [applicationBody('a', [external.id]), 400, /^Can't deploy external ModelVersion fraud:1$/],
    [applicationBody('a', [failed.id]), 400, /^Can't deploy non-released ModelVersion: broken:1 - Failed$/],
    [
      applicationBody('a', [{ modelVersionId: scaler, deploymentConfigName: 'big' }]),
      404,
      /^Can't find DeploymentConfiguration big$/,
    ],
    [
      applicationBody('a', [
        { modelVersionId: scaler, weight: 80 },
        { modelVersionId: scaler, weight: 10 },
      ]),
      400,
      /^Sum of weights must equal 100\. Current sum: 90$/,
    ],
    [
      applicationBody('a', [
        { modelVersionId: scaler, weight: 150 },
        { modelVersionId: scaler, weight: -50 },
      ]),
      400,
      /modelVariants\[1\]\.weight: -50 is not an integer from 0 to 100/,
    ],
    [
      applicationBody('a', [
        { modelVersionId: scaler, weight: 50 },
        { modelVersionId: other, weight: 50 },
      ]),
      400,
      /^Model Versions scaler:1, other:1 have different signature names$/,
    ],
    [
      applicationBody('a', [scaler], [reader]),
      400,
      /'total' of stage 1 \(scaler:1\) does not fit stage 2 \(reader:1\): DT_DOUBLE is not DT_FLOAT/,
    ],
    [
      applicationBody('a', [reader], [scaler]),
      400,
      /stage 2 \(scaler:1\) takes 'xs', which stage 1 \(reader:1\)/,
    ],
    [{ name: 'a' }, 400, /executionGraph/],
    [{ ...applicationBody('a', [scaler]), metadata: { team: 1 } }, 400, /metadata\/team must be string/],
  ]
  for (const [body, status, text] of refusals) {
    const answer = await bed.ask('POST', path, body)
    const { message, error } = answer.json as { message: string; error: string }
    assert.match(message, text)
    assert.equal(answer.status, status, message)
    assert.equal(error, status === 404 ? 'NotFound' : 'InvalidRequest')
  }
  const missing = await bed.ask('GET', `${path}/none`)
  assert.deepEqual(missing.json, { message: 'Application with name none is not found', error: 'NotFound' })
  assert.equal((await bed.ask('PUT', path, { ...applicationBody('a', [scaler]), id: 9 })).status, 404)
  assert.equal((await bed.store.applications.list()).length, 1)
  assert.equal((await bed.store.servables.list()).length, 1)
})

test('it is Assembling until all serve, Failed when one does not, and Ready again when that recovers', async t => {
  const started = new Map<string, ControlledDeployment>()
  const driver = createControlledDriver(deployment => started.set(deployment.spec.modelName, deployment))
  const bed = await createServingBed(t, { driver })
  const first = await bed.release('first')
  const second = await bed.release('second', signature([tensor('total')], [tensor('y')]))
  const { json } = await bed.ask('POST', path, applicationBody('pipe', [first], [second]))
  const { signature: whole } = json as ApplicationView
  assert.deepEqual(whole, signature([tensor('xs', [-1, 2])], [tensor('y')], 'INFERRED_PIPELINE_SIGNATURE'))
  const statusIs = (status: string) =>
    bed.until(async () => (await bed.store.applications.find('pipe'))?.status === status)
  await driver.begun(2)
  started.get('first')!.set('Serving')
  await bed.until(async () => (await bed.store.servables.list({ status: 'Serving' })).length === 1)
  assert.equal((await bed.store.applications.find('pipe'))!.status, 'Assembling')
  assert.equal(bed.manager.discovery.table.applications.size, 0)
  started.get('second')!.set('Serving')
  await statusIs('Ready')
  const { table } = bed.manager.discovery
  assert.equal(table.applications.get('pipe')!.stages.length, 2)

  started.get('first')!.set('NotServing', 'out of memory')
  await statusIs('Failed')
  const failed = (await bed.ask('GET', `${path}/pipe`)).json as ApplicationView
  assert.match(failed.message!, /^first-1-[a-z]+-[a-z]+: out of memory$/)
  assert.notEqual(bed.manager.discovery.table, table)
  assert.deepEqual(
    bed.manager.discovery.table.applications.get('pipe')!.stages[0]!.variants[0]!.servable.endpoints,
    [],
  )
  started.get('first')!.set('Serving')
  await statusIs('Ready')
})

test('a driver that refuses makes servable and application fail, with its reason', async t => {
  const bed = await createServingBed(t)
  const version = await bed.release('refused')
  await bed.ask('POST', path, applicationBody('app', [version]))
  await bed.until(async () => (await bed.store.applications.find('app'))?.status === 'Failed')
  const { message } = (await bed.ask('GET', `${path}/app`)).json as ApplicationView
  assert.match(message!, /this driver does not run refused/)
})

test('a removed application is gone from the routes at once, with its servables, and its name is free', async t => {
  const bed = await createServingBed(t)
  const version = await bed.release('scaler')
  await bed.ask('POST', path, applicationBody('app', [version]))
  const own = (await bed.ask('POST', '/api/v2/servable', { modelName: 'scaler', version: 1 })).json as {
    fullName: string
  }
  await bed.until(() => bed.manager.discovery.table.applications.has('app'))
  const removed = await bed.ask('DELETE', `${path}/app`)
  assert.equal((removed.json as ApplicationView).name, 'app')
  assert.equal(bed.manager.discovery.table.applications.size, 0)
  assert.deepEqual(
    (await bed.store.servables.list()).map(({ fullName }) => fullName),
    [own.fullName],
  )
  assert.equal((await bed.ask('DELETE', `${path}/app`)).status, 404)
  assert.equal((await bed.ask('POST', path, applicationBody('app', [version]))).status, 200)
})
