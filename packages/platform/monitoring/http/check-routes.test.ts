import assert from 'node:assert/strict'
import { test } from 'node:test'
import { number, openMonitoring } from '../test/monitoring-bed.ts'

interface Check {
  readonly _id: string
  readonly x: number
  readonly _hs_request_id: string
}

interface Aggregates {
  readonly count: number
  readonly minDate: number | null
  readonly maxDate: number | null
  readonly results: readonly {
    readonly _id: string
    readonly _hs_first_id: string
    readonly _hs_last_id: string
    readonly _hs_request_ids: readonly string[]
    readonly [key: string]: unknown
  }[]
}

async function sevenRequests(t: Parameters<typeof openMonitoring>[0]) {
  const bed = await openMonitoring(t)
  const version = await bed.version({ batchSize: 3 })
  const other = await bed.version({ modelName: 'other' })
  for (let index = 0; index < 7; index++) {
    for (const one of [version, other]) {
      bed.record(one, { requestId: `r${index}`, inputs: [number('x', index)] })
    }
  }
  await bed.handled(14)
  const get = async <T>(path: string): Promise<T> => {
    const { status, json } = await bed.get(`/monitoring${path}`)
    assert.equal(status, 200, JSON.stringify(json))
    return json as T
  }
  const xs = async (path: string) => (await get<Check[]>(path)).map(({ x }) => x)
  return { ...bed, version, other, get: bed.get, ok: get, xs }
}

test('checks are read in all ways', async t => {
  const { version, other, ok, xs } = await sevenRequests(t)
  assert.deepEqual(await xs(`/checks/all/${version.id}`), [6, 5, 4, 3, 2, 1, 0])
  assert.deepEqual(await xs(`/checks/all/${version.id}?limit=2&offset=1`), [5, 4])
  const { count, minDate, maxDate, results } = await ok<Aggregates>(`/checks/aggregates/${version.id}`)
  assert.equal(count, 3)
  assert.ok(minDate! <= maxDate! && Math.abs(maxDate! - Date.now() / 1000) < 600)
  const { _id: id, _hs_first_id: first, _hs_last_id: last, ...aggregate } = results[1]!
  assert.deepEqual(aggregate, {
    _hs_metrics: {},
    _hs_requests: 3,
    _hs_request_ids: ['r3', 'r4', 'r5'],
    _hs_model_version_id: version.id,
    _hs_model_name: 'watched',
  })
  assert.deepEqual(await xs(`/checks/${version.id}?from=${first}&to=${last}`), [3, 4, 5])
  assert.deepEqual(await xs(`/slow/checks/${version.id}/${id}`), [3, 4, 5])
  const compared = await ok<Check[]>(`/checks/comparision/${version.id}/${id}/${other.id}`)
  assert.deepEqual(
    compared.map(({ _hs_request_id: request }) => request),
    ['r3', 'r4', 'r5'],
  )
  assert.ok(compared.every(({ _id }) => _id !== first))
  const one = await ok<Check>(`/checks/${first}`)
  assert.deepEqual([one._id, one.x], [first, 3])
  assert.equal(await ok(`/checks/${'f'.repeat(24)}`), null)
  assert.equal((await xs(`/checks/subsample/${version.id}?size=4`)).length, 4)
  assert.equal((await xs(`/checks/subsample/${version.id}`)).length, 7)
  const page = await ok<Aggregates>(`/checks/aggregates/${version.id}?limit=1&offset=1`)
  assert.deepEqual([page.count, page.results.map(({ _id }) => _id)], [3, [id]])
  const now = await ok<Aggregates>(`/checks/aggregates/${version.id}?from=${minDate}&till=${maxDate}`)
  assert.equal(now.count, 3)
  const past = await ok<Aggregates>(`/checks/aggregates/${version.id}?till=${minDate! - 1}`)
  assert.deepEqual([past.count, past.minDate, past.results], [0, minDate, []])
})

test('mistakes are told with the value and what is allowed', async t => {
  const { version, get } = await sevenRequests(t)
  const cases: readonly [path: string, status: number, text: RegExp][] = [
    ['/monitoring/checks/all/99', 404, /Can't find a model version with id 99/],
    ['/monitoring/checks/all/x', 400, /model version id 'x' is not an integer from 1/],
    [`/monitoring/checks/all/${version.id}?limit=1001`, 400, /limit '1001' is not an integer from 1 to 1000/],
    [`/monitoring/checks/all/${version.id}?offset=-1`, 400, /offset '-1'/],
    [`/monitoring/checks/aggregates/${version.id}?from=tomorrow`, 400, /from 'tomorrow'/],
    [`/monitoring/checks/subsample/${version.id}?size=0`, 400, /size '0'/],
    [`/monitoring/checks/${version.id}`, 400, /'from' is missing/],
    [`/monitoring/checks/${version.id}?from=1&to=2`, 400, /from '1' is none: it has 24 hexadecimal digits/],
    [`/monitoring/slow/checks/${version.id}/7`, 400, /batch id '7'/],
  ]
  for (const [path, status, text] of cases) {
    const answer = await get(path)
    assert.equal(answer.status, status, path)
    const { errors } = answer.json as { errors: string[] }
    assert.match(errors.join(), text)
  }
})

test('what monitors says what it is', async t => {
  const { get } = await openMonitoring(t)
  assert.deepEqual((await get('/monitoring/buildinfo')).json, {
    name: 'millrace-monitoring',
    version: '1.2.3',
    status: 'Ok',
  })
  assert.equal((await get('/monitoring/health')).status, 200)
})
