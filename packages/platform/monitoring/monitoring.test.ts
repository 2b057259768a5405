import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BytesArray, ServingError } from '@millrace/sdk'
import type { Store } from '../store/index.ts'
import { number, openMonitoring } from './test/monitoring-bed.ts'

suite('documents', () => {
  test('a request is kept with its values and where it went', async t => {
    const bed = await openMonitoring(t)
    const version = await bed.version()
    const before = Date.now()
    bed.record(version, {
      requestId: 'r1',
      application: { name: 'app', stage: '0' },
      inputs: [
        number('x', 1.5),
        { name: 'list', datatype: 'INT64', shape: [3], data: [1n, 2n ** 60n, -3n] },
        { name: 'half', datatype: 'FP32', shape: [1, 1], data: [0.1] },
        { name: 'flags', datatype: 'BOOL', shape: [2], data: [true, false] },
        { name: 'text', datatype: 'BYTES', shape: [], data: ['naïve'] },
        { name: '__proto__', datatype: 'FP64', shape: [], data: [7] },
      ],
      outputs: [number('y', Number.NaN), number('x', 9)],
    })
    await bed.handled(1)
    const [check] = await bed.store.checks.list(version.id, { limit: 1, offset: 0 })
    assert.match(check!.document, /"list":\[1,1152921504606846976,-3\]/)
    const [document] = await bed.documents(version)
    const { _hs_timestamp: timestamp, ...rest } = document!
    assert.ok(Number(timestamp) >= before && Number(timestamp) <= Date.now())
    const day = new Date(Number(timestamp))
    assert.deepEqual(rest, {
      _id: check!.id.toString(16).padStart(24, '0'),
      x: 9,
      _hs_x_score: null,
      list: [1, 2 ** 60, -3],
      _hs_list_score: null,
      half: [0.1],
      _hs_half_score: null,
      flags: [true, false],
      _hs_flags_score: null,
      text: 'naïve',
      _hs_text_score: null,
      ['__proto__']: 7,
      _hs___proto___score: null,
      y: null,
      _hs_y_score: null,
      _hs_raw_checks: {},
      _hs_metric_checks: {},
      _hs_latency: 1.5,
      _hs_error: null,
      _hs_score: null,
      _hs_overall_score: null,
      _hs_model_version_id: version.id,
      _hs_model_name: 'watched',
      _hs_model_incremental_version: 1,
      _hs_request_id: 'r1',
      _hs_year: day.getUTCFullYear(),
      _hs_month: day.getUTCMonth() + 1,
      _hs_day: day.getUTCDate(),
      _hs_servable_name: 'watched-1-quiet-river',
      _hs_application_name: 'app',
      _hs_stage_id: '0',
    })
  })

  test('a request that failed is kept with its error and without values', async t => {
    const bed = await openMonitoring(t)
    const version = await bed.version()
    bed.record(version, { error: 'it broke' })
    await bed.handled(1)
    const [document] = await bed.documents(version)
    assert.equal(document!['_hs_error'], 'it broke')
    assert.equal(document!['_hs_score'], null)
    assert.ok(!('x' in document!) && !('_hs_x_score' in document!))
  })

  test('what is large is summarised, and says so', async t => {
    const bed = await openMonitoring(t, {
      limits: { maxKeptValues: 3, maxCheckedValues: 4, maxTextBytes: 5 },
    })
    const version = await bed.version()
    const text = BytesArray.from(['short', 'longer than that'])
    bed.record(version, {
      inputs: [
        { name: 'x', datatype: 'FP64', shape: [5], data: [1, 2, 3, 6, 100] },
        { name: 'text', datatype: 'BYTES', shape: [2], data: text },
        { name: 'texts', datatype: 'BYTES', shape: [4], data: ['a', 'b', 'c', 'd'] },
      ],
    })
    await bed.handled(1)
    const [document] = await bed.documents(version)
    assert.equal(document!['x'], null)
    assert.deepEqual(document!['text'], ['short', 'longe … (16 bytes)'])
    assert.deepEqual(document!['_hs_summaries'], {
      x: { datatype: 'FP64', shape: [5], count: 5, ofFirst: 4, min: 1, max: 6, mean: 3 },
      texts: { datatype: 'BYTES', shape: [4], count: 4 },
    })
  })
})

test('a request of too many fields, too many values or too long an error is cut, and says so', async t => {
  const bed = await openMonitoring(t, { limits: { maxFields: 3, maxRecordBytes: 2_000 } })
  const version = await bed.version()
  const ones = { datatype: 'FP64', shape: [120], data: Array<number>(120).fill(1) } as const
  bed.record(version, {
    inputs: [{ name: 'a', ...ones }, { name: 'b', ...ones }, number('c', 1), number('d', 1)],
  })
  bed.record(version, { error: 'x'.repeat(5_000) })
  await bed.handled(2)
  const [document, failed] = await bed.documents(version)
  assert.equal(document!['_hs_fields_left_out'], 2)
  assert.equal((document!['a'] as number[]).length, 120)
  assert.equal(document!['b'], null)
  const { b } = document!['_hs_summaries'] as Record<string, { count: number; ofFirst: number }>
  assert.ok(b!.count === 120 && b!.ofFirst < 120)
  assert.match(String(failed!['_hs_error']), /^x{4096} … \(5000 characters\)$/)
})

suite('batches', () => {
  test('have as many requests as their version says, the last one fewer; a restart changes nothing', async t => {
    const first = await openMonitoring(t)
    const version = await first.version({ batchSize: 3 })
    for (let index = 0; index < 4; index++) first.record(version)
    await first.handled(4)
    const bed = await first.restart()
    for (let index = 0; index < 3; index++) bed.record(version)
    await bed.handled(3)
    const { json } = await bed.get(`/monitoring/checks/aggregates/${version.id}`)
    const { count, results } = json as { count: number; results: { _hs_requests: number }[] }
    assert.equal(count, 3)
    assert.deepEqual(
      results.map(({ _hs_requests: requests }) => requests),
      [1, 3, 3],
    )
  })

  test('have 100 requests where their version does not say', async t => {
    const bed = await openMonitoring(t)
    const version = await bed.version()
    for (let index = 0; index < 101; index++) bed.record(version)
    await bed.handled(101)
    const { aggregates } = await bed.store.checks.aggregates(version.id, { limit: 9, offset: 0 })
    assert.deepEqual(
      aggregates.map(({ requestCount }) => requestCount),
      [1, 100],
    )
  })
})

/** A store whose writes wait until they are let go. */
function hanging(store: Store) {
  const gate = Promise.withResolvers<void>()
  const checks: Store['checks'] = {
    ...store.checks,
    async append(...given) {
      await gate.promise
      return store.checks.append(...given)
    },
  }
  return { store: { ...store, checks }, letGo: gate.resolve }
}

suite('what cannot be kept', () => {
  test('while the database hangs, requests wait up to the bound; the rest are counted', async t => {
    const real = await openMonitoring(t)
    const { store, letGo } = hanging(real.store)
    const bed = await openMonitoring(t, { store, limits: { maxQueuedRecords: 5, maxBatchRecords: 2 } })
    const version = await bed.version()
    bed.record(version)
    while (bed.monitoring.statistics().queuedCount > 0) await new Promise(resolve => setImmediate(resolve))
    for (let index = 0; index < 9; index++) bed.record(version)
    const { droppedCount, queuedCount } = bed.monitoring.statistics()
    assert.deepEqual([droppedCount, queuedCount], [4, 5])
    assert.match(bed.complaints.join('\n'), /too many are waiting/)
    letGo()
    await bed.handled(6)
  })

  test('a bound in bytes', async t => {
    const real = await openMonitoring(t)
    const { store, letGo } = hanging(real.store)
    const bed = await openMonitoring(t, { store, limits: { maxQueuedBytes: 4_000, maxBatchRecords: 1 } })
    const version = await bed.version()
    for (let index = 0; index < 20; index++) bed.record(version)
    const { droppedCount, queuedBytes } = bed.monitoring.statistics()
    assert.ok(droppedCount > 10 && queuedBytes <= 4_000, `${droppedCount} ${queuedBytes}`)
    letGo()
  })

  test('a database that never answers keeps nobody from stopping', async t => {
    const real = await openMonitoring(t)
    const { store } = hanging(real.store)
    const bed = await openMonitoring(t, { store, limits: { closeTimeoutMs: 10 } })
    bed.record(await bed.version())
    await bed.monitoring.close()
    bed.record(await bed.version())
    assert.equal(bed.monitoring.statistics().droppedCount, 1)
  })

  test('a database that is away is waited for', async t => {
    const real = await openMonitoring(t)
    let failures = 0
    const checks: Store['checks'] = {
      ...real.store.checks,
      append(...given) {
        if (failures++ < 1) return Promise.reject(new ServingError('UNAVAILABLE', 'away'))
        return real.store.checks.append(...given)
      },
    }
    const bed = await openMonitoring(t, { store: { ...real.store, checks } })
    bed.record(await bed.version())
    await bed.handled(1)
    assert.equal(bed.monitoring.statistics().storedCount, 1)
  })

  test('closing writes what waits', async t => {
    const bed = await openMonitoring(t, { limits: { writeIntervalMs: 60_000 } })
    const version = await bed.version()
    for (let index = 0; index < 700; index++) bed.record(version)
    const again = await bed.restart()
    assert.equal(await again.store.checks.count(version.id), 700)
  })

  test('a record that is none is logged, and nobody is thrown at', async t => {
    const bed = await openMonitoring(t)
    bed.monitoring.record({} as Parameters<typeof bed.monitoring.record>[0])
    assert.match(bed.complaints.join('\n'), /could not be taken for monitoring/)
  })

  test('requests of a version that is gone are counted as lost', async t => {
    const bed = await openMonitoring(t)
    const version = await bed.version()
    await bed.store.models.delete(version.modelId)
    bed.record(version)
    await bed.handled(1)
    assert.equal(bed.monitoring.statistics().lostCount, 1)
  })
})

test('a limit that cannot be is named', async t => {
  await assert.rejects(openMonitoring(t, { limits: { keptDays: 0 } }), {
    code: 'INVALID_ARGUMENT',
    message: 'keptDays is 0; it must be a whole number of at least 1',
  })
})

test('figures are what is counted', async t => {
  const bed = await openMonitoring(t)
  const version = await bed.version()
  bed.record(version)
  bed.record(version, { error: 'broken' })
  await bed.handled(2)
  const values = bed.monitoring.figures.flatMap(({ name, read }) =>
    Array.from(read(), ({ labels, value }) => [[name, ...Object.values(labels)].join(' '), value] as const),
  )
  assert.deepEqual(Object.fromEntries(values), {
    monitoring_queued_requests: 0,
    monitoring_queued_bytes: 0,
    monitoring_dropped_requests_total: 0,
    monitoring_unprofiled_requests_total: 0,
    monitoring_stored_requests_total: 2,
    monitoring_lost_requests_total: 0,
    monitoring_metric_errors_total: 0,
    monitoring_alerts_sent_total: 0,
    monitoring_alerts_lost_total: 0,
    'monitoring_requests_total watched 1': 2,
    'monitoring_failed_requests_total watched 1': 1,
    'monitoring_checks_total watched 1 field': 0,
    'monitoring_checks_total watched 1 metric': 0,
    'monitoring_failed_checks_total watched 1 field': 0,
    'monitoring_failed_checks_total watched 1 metric': 0,
  })
})
