import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { TensorLike } from '@millrace/sdk'
import type { ModelSignature, SignatureField } from '../../store/index.ts'
import { number, openMonitoring } from '../test/monitoring-bed.ts'
import type { DriftReport } from './drift-report.ts'
import type { DriftSupport } from './drift-support.ts'

const field = (name: string, dtype = 'DT_DOUBLE', dims: readonly number[] = []): SignatureField => ({
  name,
  dtype,
  shape: { dims },
  profile: 'NUMERICAL',
})

const SIGNATURE: ModelSignature = {
  signatureName: 'f',
  inputs: [field('steady'), field('moved'), field('colour', 'DT_STRING'), field('count', 'DT_INT32')],
  outputs: [field('y')],
}

const text = (name: string, value: string): TensorLike => ({
  name,
  datatype: 'BYTES',
  shape: [],
  data: [value],
})

/** The same numbers in every run, as even as chance would have them. */
const spread = (index: number) => (index * 0.618_033_988_75) % 1

async function start(t: TestContext, signature = SIGNATURE) {
  const bed = await openMonitoring(t, { limits: { maxBatchRecords: 1_000 } })
  const version = await bed.version({ signature, batchSize: 100 })
  let askedCount = 0
  const support = async () =>
    (await bed.get(`/stat/support?model_version_id=${version.id}`)).json as DriftSupport
  const train = async (csv: string) => {
    const { digest } = await bed.store.payloads.put([Buffer.from(csv)], { sizeBytesMax: 1e6 })
    const upload = await bed.store.trainingUploads.begin(version.id, undefined)
    await bed.store.trainingUploads.setPayload(upload.id, digest)
    await bed.store.trainingUploads.succeed(upload.id, { rowCount: 1, skippedRowCount: 0 })
  }
  const ask = async (count: number, inputs: (index: number) => readonly TensorLike[]) => {
    for (let index = 0; index < count; index++) bed.record(version, { inputs: inputs(index) })
    await bed.handled((askedCount += count))
  }
  return { ...bed, version, support, train, ask }
}

test('400 requests and training data are needed', async t => {
  const { support, train, ask } = await start(t)
  await ask(399, () => [number('steady', 0)])
  assert.deepEqual(await support(), {
    supported: false,
    description: '399 requests are known of the version; a report needs at least 400',
  })
  await train('steady\n1\n')
  await ask(1, () => [number('steady', 0)])
  assert.deepEqual(await support(), { supported: true, description: '' })
})

test('a report says what has changed, and by what test', async t => {
  const { train, ask, get, version } = await start(t)
  const rows = Array.from({ length: 600 }, (_, index) =>
    [spread(index), 10 * spread(index + 1), `"${['red', 'green'][index % 2]}"`, index % 3].join(),
  )
  await train(`steady,moved,colour,count\n${rows.join('\n')}\n`)
  await ask(600, index => [
    number('steady', spread(index + 7)),
    number('moved', 100 + 50 * spread(index)),
    text('colour', ['red', 'green', 'blue'][index % 3]!),
    { name: 'count', datatype: 'INT32', shape: [], data: [index % 3] },
  ])
  const { status, json } = await get(`/stat/metrics?model_version_id=${version.id}`)
  assert.equal(status, 200, JSON.stringify(json))
  const { overall_probability_drift: overall, per_feature_report: reports, warnings } = json as DriftReport
  const changed = Object.entries(reports).map(([name, { statistics }]) => [
    name,
    Object.entries(statistics)
      .filter(([, { has_changed: hasChanged }]) => hasChanged)
      .map(([what]) => what),
  ])
  assert.deepEqual(Object.fromEntries(changed), {
    steady: [],
    moved: ['Mean', 'Median', 'Variance', 'Distribution'],
    colour: ['Categories', 'Unseen categories'],
    count: [],
  })
  assert.equal(overall, 0.5)
  assert.deepEqual(warnings, {
    final_decision: 'the data as a whole is as it was in training',
    report: ['moved has drifted', 'colour has drifted'],
  })
  const { Mean: mean } = reports['moved']!.statistics
  assert.ok(mean!.training > 4.5 && mean!.training < 5.5 && mean!.deployment > 120 && mean!.deployment < 130)
  assert.match(reports['colour']!.statistics['Unseen categories']!.message, /not there in training: blue/)
  const { bins, training, deployment } = reports['moved']!.histogram
  assert.deepEqual([bins.length, training.length, deployment.length], [20, 20, 20])
  for (const bars of [training, deployment]) {
    assert.ok(Math.abs(bars.reduce((total, bar) => total + bar, 0) - 1) < 1e-9)
  }
  assert.deepEqual(new Set(reports['count']!.histogram.bins), new Set(['0', '1', '2']))
})

test('a column that is not there, and values that are none, are told', async t => {
  const { train, ask, get, version } = await start(t, { ...SIGNATURE, inputs: [field('x'), field('z')] })
  await train('x\nabc\n\n1\n')
  await ask(400, index => [number('x', index)])
  const { json } = await get(`/stat/metrics?model_version_id=${version.id}`)
  assert.deepEqual((json as DriftReport).warnings.report, [
    'x: there are too few numbers to compare',
    'z: the training data has no column of this name',
  ])
})

test('without training data, or with inputs of other shapes, there is no report', async t => {
  const { ask, support, get, version } = await start(t, {
    ...SIGNATURE,
    inputs: [field('x', 'DT_DOUBLE', [-1])],
  })
  await ask(400, index => [{ name: 'x', datatype: 'FP64', shape: [1], data: [index] }])
  assert.match((await support()).description, /no training data/)
  const refused = await get(`/stat/metrics?model_version_id=${version.id}`)
  assert.equal(refused.status, 409)
  assert.match((refused.json as { message: string }).message, /no training data/)
  assert.equal((await get('/stat/metrics')).status, 400)
  const inputs = [
    field('list', 'DT_DOUBLE', [3]),
    field('q', 'DT_QINT8'),
    field('ok'),
    { name: 'group', subfields: [], shape: null },
  ]
  const other = await start(t, { ...SIGNATURE, inputs })
  assert.match((await other.support()).description, /'list', 'q', 'group' cannot be compared/)
})
