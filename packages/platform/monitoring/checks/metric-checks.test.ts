import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServingError, type Tensor, type TensorLike, toTensor } from '@millrace/sdk'
import type { ThresholdOperator } from '../../store/index.ts'
import { type BedOptions, type CheckDocument, number, openMonitoring } from '../test/monitoring-bed.ts'
import type { AskServable } from './metric-checks.ts'

/** What metrics say of a request, each by what its servable answers. */
async function metricsOf(
  t: Parameters<typeof openMonitoring>[0],
  answers: Readonly<Record<string, () => Promise<readonly TensorLike[]> | readonly TensorLike[]>>,
  options: BedOptions = {},
  operator: ThresholdOperator = 'Less',
) {
  const asked: { name: string; inputs: Record<string, unknown>; requestId: string }[] = []
  const ask: AskServable = async (name, inputs, { requestId }) => {
    const values = (inputs as readonly Tensor[]).map(
      tensor => [tensor.name, Array.from(tensor.data as Iterable<unknown>)] as const,
    )
    asked.push({ name, inputs: Object.fromEntries(values), requestId })
    return (await answers[name]!()).map(toTensor)
  }
  const bed = await openMonitoring(t, { ask, ...options })
  const version = await bed.version()
  for (const name of Object.keys(answers)) {
    const metric = await bed.version({ modelName: name })
    const { id } = await bed.store.metricSpecifications.create({
      name,
      versionId: version.id,
      metricVersionId: metric.id,
      threshold: 0.97,
      operator,
    })
    // The servable's name is looked up by the specification; here it is not deployed.
    await serve(bed.store, id, name, metric.id)
  }
  return { bed, version, asked }
}

async function serve(
  store: Awaited<ReturnType<typeof openMonitoring>>['store'],
  id: string,
  fullName: string,
  versionId: number,
): Promise<void> {
  await store.servables.create({ fullName, versionId })
  await store.metricSpecifications.setServable(id, fullName)
}

function viewOf(document: CheckDocument | undefined, name: string) {
  const views = document!['_hs_metric_checks'] as Record<string, Record<string, unknown>>
  const { metricSpecId, ...view } = views[name]!
  assert.match(String(metricSpecId), /^[0-9a-f-]{36}$/)
  return view
}

test('metrics are asked with inputs and outputs, and held against their thresholds', async t => {
  const { bed, version, asked } = await metricsOf(t, {
    good: () => [number('value', 0.5)],
    bad: () => [number('other', 0), number('value', 0.99)],
    half: () => [{ name: 'value', datatype: 'FP32', shape: [1], data: [0.25] }],
    whole: () => [{ name: 'value', datatype: 'INT64', shape: [], data: [1n] }],
  })
  // The metrics become known as changes are read.
  const document = await untilWatched(bed, version, 4)
  const about = { description: 'value Less 0.97', threshold: 0.97 }
  assert.deepEqual(viewOf(document, 'good'), { check: true, value: 0.5, ...about })
  assert.deepEqual(viewOf(document, 'bad'), { check: false, value: 0.99, ...about })
  assert.deepEqual(viewOf(document, 'half'), { check: true, value: 0.25, ...about })
  assert.deepEqual(viewOf(document, 'whole'), { check: false, value: 1, ...about })
  assert.equal(document['_hs_overall_score'], 0.5)
  const last = asked.at(-1)!
  assert.deepEqual(last.inputs, { x: [1], y: [2] })
  assert.equal(last.requestId, document['_hs_request_id'])
  const { aggregates } = await bed.store.checks.aggregates(version.id, { limit: 1, offset: 0 })
  const counted = aggregates[0]!.counts.metrics.get('bad')!
  assert.ok(counted.checked >= 1 && counted.passed === 0)
})

test('a metric without a value is an error, and not 0', async t => {
  const { bed, version } = await metricsOf(t, {
    missing: () => [number('score', 1)],
    text: () => [{ name: 'value', datatype: 'BYTES', shape: [], data: ['0.5'] }],
    empty: () => [{ name: 'value', datatype: 'FP64', shape: [0], data: [] }],
    nan: () => [number('value', Number.NaN)],
    failing: () => Promise.reject(new ServingError('UNAVAILABLE', 'no servable answers')),
  })
  const document = await untilWatched(bed, version, 5)
  const about = { check: false, value: null, description: 'value Less 0.97', threshold: 0.97 }
  const errors = {
    missing: "the metric has no output 'value'; it answered 'score'",
    text: "the metric's output 'value' has 1 elements of BYTES; it must be a number",
    empty: "the metric's output 'value' has 0 elements of FP64; it must be a number",
    nan: "the metric's output 'value' is NaN; it must be finite",
    failing: 'no servable answers',
  }
  for (const [name, error] of Object.entries(errors)) {
    assert.deepEqual(viewOf(document, name), { ...about, error })
  }
  assert.equal(bed.monitoring.statistics().metricErrorCount >= 5, true)
})

test('a metric that never answers is given up, and the request is kept', async t => {
  const { bed, version } = await metricsOf(
    t,
    { slow: () => new Promise(() => {}) },
    {
      limits: { metricTimeoutMs: 50 },
      ask: (_name, _inputs, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new ServingError('DEADLINE_EXCEEDED', 'too slow')))
        }),
    },
  )
  const document = await untilWatched(bed, version, 1)
  assert.equal(viewOf(document, 'slow')['error'], 'too slow')
})

test('what is too large for metrics, and what failed, is not given to them', async t => {
  const { bed, version, asked } = await metricsOf(
    t,
    { metric: () => [number('value', 0)] },
    { limits: { maxMetricBytes: 100 } },
  )
  await untilWatched(bed, version, 1)
  const before = asked.length
  const stored = (await bed.documents(version)).length
  bed.record(version, {
    inputs: [{ name: 'x', datatype: 'UINT8', shape: [101], data: Array<number>(101).fill(1) }],
  })
  bed.record(version, { error: 'broken' })
  await bed.handled(stored + 2)
  const [large, failed] = (await bed.documents(version)).slice(-2)
  assert.match(String(viewOf(large, 'metric')['error']), /have 109 bytes; metrics are given up to 100/)
  assert.deepEqual(failed!['_hs_metric_checks'], {})
  assert.equal(asked.length, before)
})

/** Records requests until one was held against so many metrics; what was made is known a moment later. */
async function untilWatched(
  bed: Awaited<ReturnType<typeof openMonitoring>>,
  version: Awaited<ReturnType<typeof bed.version>>,
  metricCount: number,
): Promise<CheckDocument> {
  for (let count = 1; ; count++) {
    bed.record(version)
    await bed.handled(count)
    const document = (await bed.documents(version)).at(-1)!
    const checks = Object.values(document['_hs_metric_checks'] as Record<string, { error?: string }>)
    const isKnown = checks.every(({ error }) => error?.includes('had no servable') !== true)
    if (checks.length === metricCount && isKnown) return document
  }
}
