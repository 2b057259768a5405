import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Question } from './forms/form.ts'
import { callRest } from './forms/rest-call.ts'
import { tensor, text } from './scenarios/scenario.ts'
import { openTarget, type Target } from './target.ts'

let target: Target
before(async () => {
  target = await openTarget()
})
after(() => target.close())

interface Duration {
  readonly count: number
  readonly ns: number
}

interface Statistics {
  readonly name: string
  readonly version: string
  readonly last_inference: number
  readonly inference_count: number
  readonly execution_count: number
  readonly inference_stats: { readonly success: Duration; readonly fail: Duration }
}

async function restStatistics(path: string): Promise<readonly Statistics[]> {
  const { json } = await callRest(new URL(path, target.rest), 'GET')
  return (json as { model_stats: Statistics[] }).model_stats
}

/** The numbers of the wire, which are texts there, as REST has them. */
async function grpcStatistics(name: string, version = ''): Promise<readonly Statistics[]> {
  const { message } = await target.client.call<{ model_stats: object[] }>('ModelStatistics', {
    name,
    version,
  })
  return (JSON.parse(JSON.stringify(message), toNumber) as { model_stats: Statistics[] }).model_stats
}

function toNumber(key: string, value: unknown): unknown {
  return typeof value === 'string' && key !== 'name' && key !== 'version' ? Number(value) : value
}

function counters({
  inference_count: rows,
  execution_count: runs,
  inference_stats: { success, fail },
}: Statistics) {
  return { rows, runs, success: success.count, fail: fail.count }
}

function subjects(statistics: readonly Statistics[]): string[] {
  return statistics.map(({ name, version }) => `${name} ${version}`).toSorted()
}

async function askEverywhere(question: Question): Promise<void> {
  for (const form of target.forms) await form.ask(question)
}

test('n requests of batch b count n·b rows and n runs', async () => {
  const before = counters((await restStatistics('/v2/models/sum-model/stats'))[0]!)
  await askEverywhere({ model: 'sum-model', inputs: [tensor('x', 'INT32', [3, 2], [1, 2, 3, 4, 5, 6])] })
  const [statistics] = await restStatistics('/v2/models/sum-model/stats')
  const { rows, runs, success, fail } = before
  assert.deepEqual(counters(statistics!), { rows: rows + 12, runs: runs + 4, success: success + 4, fail })
  assert.ok(statistics!.inference_stats.success.ns > 0)
  assert.ok(statistics!.last_inference > 1.7e12)
})

test('failures are counted apart, and run nothing', async () => {
  const before = counters((await restStatistics('/v2/models/throws/stats'))[0]!)
  await askEverywhere({ model: 'throws', inputs: [text('how', 'error')] })
  const { rows, runs, success, fail } = before
  assert.deepEqual(counters((await restStatistics('/v2/models/throws/stats'))[0]!), {
    rows,
    runs,
    success,
    fail: fail + 4,
  })
})

test('every version of a model is counted for itself', async () => {
  const before = await restStatistics('/v2/models/versions/versions/2/stats')
  await askEverywhere({ model: 'versions', version: '2', inputs: [text('x', 'y')] })
  await askEverywhere({ model: 'versions', inputs: [text('x', 'y')] })
  const after = await restStatistics('/v2/models/versions/versions/2/stats')
  assert.equal(after[0]!.execution_count, before[0]!.execution_count + 4)
  const both = await restStatistics('/v2/models/versions/stats')
  assert.deepEqual(both.map(({ version }) => version).toSorted(), ['10', '2'])
})

test('gRPC says what REST says', async () => {
  assert.deepEqual(
    (await grpcStatistics('sum-model', 'v1.2.3')).map(counters),
    (await restStatistics('/v2/models/sum-model/versions/v1.2.3/stats')).map(counters),
  )
  assert.deepEqual(subjects(await grpcStatistics('')), subjects(await restStatistics('/v2/models/stats')))
})
