import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServingBed } from '../test/serving-bed.ts'
import type { MetricView } from './metric-view.ts'

const path = '/api/v2/monitoring/metricspec'

function body(modelVersionId: number, metricVersionId: number) {
  const config = { modelVersionId: metricVersionId, threshold: 0.97, thresholdCmpOperator: { kind: 'Less' } }
  return { name: 'outlier', modelVersionId, config }
}

test('a metric specification deploys its servable, and takes it along', async t => {
  const bed = await createServingBed(t)
  const [watched, metric] = [await bed.release('scaler'), await bed.release('scaler_metric')]
  const made = await bed.ask('POST', path, body(watched, metric))
  const view = made.json as MetricView
  assert.match(view.id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(
    { ...view, id: '', config: { ...view.config, servable: null } },
    {
      id: '',
      name: 'outlier',
      modelVersionId: watched,
      config: {
        modelVersionId: metric,
        threshold: 0.97,
        thresholdCmpOperator: { kind: 'Less' },
        servable: null,
        deploymentConfigName: null,
      },
    },
  )
  const { fullName, metadata } = view.config.servable!
  assert.match(fullName, /^scaler-metric-1-/)
  assert.deepEqual(metadata, {
    'metric-spec-id': view.id,
    'metric-spec-name': 'outlier',
    'metric-spec-target-id': String(watched),
    'metric-spec-target-name': 'scaler:1',
  })
  // It is asked for before its state has been noted.
  await bed.until(() => bed.manager.discovery.table.servables.has(fullName))
  let served = view
  await bed.until(async () => {
    served = (await bed.ask('GET', `${path}/${view.id}`)).json as MetricView
    return served.config.servable!.status === 'Serving'
  })
  assert.deepEqual((await bed.ask('GET', path)).json, [served])
  assert.deepEqual((await bed.ask('GET', `${path}/modelversion/${watched}`)).json, [served])
  assert.deepEqual((await bed.ask('GET', `${path}/modelversion/${metric}`)).json, [])
  const used = await bed.ask('DELETE', `/api/v2/servable/${fullName}`)
  assert.equal(used.status, 400)
  assert.match((used.json as { message: string }).message, /metric specifications \[outlier\]/)

  assert.deepEqual((await bed.ask('DELETE', `${path}/${view.id}`)).json, served)
  assert.deepEqual(await bed.store.servables.list(), [])
  assert.equal(bed.manager.discovery.table.servables.size, 0)
  const gone = await bed.ask('GET', `${path}/${view.id}`)
  assert.deepEqual(gone.json, { message: `Can't find metricspec id=${view.id}`, error: 'NotFound' })
})

test('the servable goes with a specification that goes with its model', async t => {
  const bed = await createServingBed(t)
  const [watched, metric] = [await bed.release('scaler'), await bed.release('metric')]
  await bed.ask('POST', path, body(watched, metric))
  const { modelId } = (await bed.store.modelVersions.get(watched))!
  await bed.store.models.delete(modelId)
  await bed.until(async () => (await bed.store.servables.list()).length === 0)
})

test('versions that are not there or cannot be deployed are named', async t => {
  const bed = await createServingBed(t)
  const watched = await bed.release('scaler')
  const runtime = { name: 'r', tag: '1', sha256: undefined }
  const { signature } = (await bed.store.modelVersions.get(watched))!
  const failed = await bed.store.modelVersions.create({ modelName: 'broken', signature, runtime })
  await bed.store.modelVersions.fail(failed.id, 'no')
  const refusals: readonly [body: object, status: number, text: RegExp][] = [
    [body(99, watched), 404, /^Can't find a model version with id 99$/],
    [body(watched, 98), 404, /^Can't find a model version with id 98$/],
    [body(watched, failed.id), 400, /^Can't create a Servable for a model version with status Failed/],
    [{ ...body(watched, watched), name: '' }, 400, /name/],
    [
      {
        ...body(watched, watched),
        config: { ...body(1, 1).config, thresholdCmpOperator: { kind: 'About' } },
      },
      400,
      /kind/,
    ],
  ]
  for (const [request, status, text] of refusals) {
    const answer = await bed.ask('POST', path, request)
    assert.equal(answer.status, status, JSON.stringify(answer.json))
    assert.match((answer.json as { message: string }).message, text)
  }
  assert.deepEqual(await bed.store.servables.list(), [])
})
