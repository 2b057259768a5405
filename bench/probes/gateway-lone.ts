/** One client, one request at a time, in turn to a servable, its application and a pipeline; then changes of an application. */
import { startPlatform } from '../contestants/platform.ts'
import { medianOf } from './median.ts'

const durationMs = Number(process.argv[2] ?? 1000)
const MIN_ROUNDS = 60
const WARM_UP_ROUNDS = 20
const CHANGES = 15
const JSON_HEADERS = { 'content-type': 'application/json' }

const { url, servable, stop } = await startPlatform('all')
try {
  console.log(JSON.stringify({ ...(await measureRequests()), ...(await measureChanges()) }))
} finally {
  await stop()
}

async function measureRequests() {
  const data = [5.1, 3.5, 1.4, 0.2]
  const inputs = [{ name: 'x', shape: [1, 4], datatype: 'FP32', data }]
  const asked = [
    [`http://127.0.0.1:${servable.restPort}/v2/models/echo/infer`, { inputs }],
    [`${url}/gateway/application/echo`, { x: [data] }],
    [`${url}/gateway/application/chain`, { x: [data] }],
  ] as const
  const times: number[][] = asked.map(() => [])
  const endMs = performance.now() + durationMs
  for (let round = 0; performance.now() < endMs || round < MIN_ROUNDS; round++) {
    for (const [index, [target, body]] of asked.entries()) {
      const startedMs = performance.now()
      await call('POST', target, body)
      if (round >= WARM_UP_ROUNDS) times[index]!.push(performance.now() - startedMs)
    }
  }
  const [directMs, applicationMs, chainMs] = times.map(medianOf) as [number, number, number]
  return { addedMs: Math.max(0, applicationMs - directMs), directMs, applicationMs, chainMs }
}

interface View {
  readonly id: number
  readonly executionGraph: {
    readonly stages: readonly { readonly modelVariants: readonly { readonly modelVersionId: number }[] }[]
  }
}

/** Of an application's two variants, which both serve, the other one is made to answer, and the application asked until it does. */
async function measureChanges() {
  const { id, executionGraph } = (await call('GET', `${url}/api/v2/application/either`)) as View
  const versions = executionGraph.stages[0]!.modelVariants.map(({ modelVersionId }) => modelVersionId)
  const found: number[] = []
  const changed: number[] = []
  for (let round = 1; round <= CHANGES; round++) {
    const weights = round % 2 === 0 ? [100, 0] : [0, 100]
    const modelVariants = versions.map((modelVersionId, index) => ({
      modelVersionId,
      weight: weights[index],
    }))
    const body = { id, name: 'either', kafkaStreaming: [], executionGraph: { stages: [{ modelVariants }] } }
    const startedMs = performance.now()
    await call('PUT', `${url}/api/v2/application`, body)
    const acknowledgedMs = performance.now()
    changed.push(acknowledgedMs - startedMs)
    const expected = round % 2 === 0 ? 1 : 4
    while ((await firstOf('either')) !== expected);
    found.push(performance.now() - acknowledgedMs)
  }
  return { discoveryMs: medianOf(found), changeMs: medianOf(changed) }
}

async function firstOf(application: string): Promise<number> {
  const answer = await call('POST', `${url}/gateway/application/${application}`, { x: [[1, 2, 3, 4]] })
  return (answer as { readonly x: readonly (readonly number[])[] }).x[0]![0]!
}

async function call(method: string, target: string, body?: object): Promise<unknown> {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: JSON_HEADERS }
  const response = await fetch(target, { method, ...init })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${method} ${target}: ${response.status} ${text}`)
  return JSON.parse(text)
}
