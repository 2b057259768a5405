import { HttpConnection } from '../../bench/load/http-connection.ts'
import { cpuMsOfTree } from '../../bench/process/process-tree.ts'
import { Random } from '../fuzz/inputs/random.ts'
import { type Check, table } from '../soak/report.ts'
import { Connections, forEach } from './ask.ts'
import { met, ms, quantile, readExposition, sorted } from './figures.ts'
import { MeshFolder, modelNames, register } from './mesh-folder.ts'
import type { Options } from './options.ts'
import { type Question, questionTo, verdictOn } from './question.ts'
import { ScaleServer } from './scale-server.ts'

const CONNECTIONS = 4
/** Each of both servers once; every other round begins with the other one. */
const ROUNDS = 10
const MAX_SECONDS = 60
const WARM_UP_SECONDS = 1.5
const TARGET_RATIO = 1.1

/** All rounds of one server. */
interface Series {
  readonly name: string
  readonly server: ScaleServer
  readonly requests: readonly Request[]
  readonly latenciesMs: number[]
  cpuMs: number
}

interface Request {
  readonly request: Buffer
  readonly responseBodyBytes: number
}

/** Requests to models that are loaded, with a budget and without one, by turns. */
export async function askLoaded(options: Options, print: (line: string) => void): Promise<readonly Check[]> {
  const folder = await MeshFolder.make()
  const names = modelNames(options.budgetModels)
  const servers: ScaleServer[] = []
  try {
    await folder.writeModels(names)
    const budgeted = await folder.startMesh(options.budgetModels)
    servers.push(budgeted)
    await register(budgeted.restPort, modelNames(options.models))
    await folder.writeModels(names, 'repository')
    const plain = await ScaleServer.start({
      folder: `${folder.path}/repository`,
      settings: { parallel_workers: 0 },
    })
    servers.push(plain)
    const complaints: string[] = []
    const random = new Random(options.seed, 'hits')
    const questions = names.map(name => questionTo(name, random))
    const series = [
      await seriesOf('plain server', plain, questions, complaints),
      await seriesOf('with a budget', budgeted, questions, complaints),
    ] as const
    const missesBefore = await missesOf(budgeted)
    for (const each of series) await ask(each, WARM_UP_SECONDS, complaints)
    for (const each of series) {
      each.latenciesMs.length = 0
      each.cpuMs = 0
    }
    const seconds = Math.min(options.seconds / 3, MAX_SECONDS) / ROUNDS / 2
    const ratios: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const medians = new Map<Series, number>()
      for (const each of round % 2 === 0 ? series : series.toReversed()) {
        medians.set(each, await ask(each, seconds, complaints))
      }
      ratios.push(medians.get(series[1])! / medians.get(series[0])!)
    }
    report(series, sorted(ratios), seconds, print)
    const missed = (await missesOf(budgeted)) - missesBefore
    const trouble = servers.map(server => server.trouble()).find(found => found !== undefined)
    return [
      {
        isGood: complaints.length === 0 && trouble === undefined,
        line: `every loaded model answered right${complaints.length === 0 ? '' : `, but ${complaints.length}, the first: ${complaints[0]}`}${trouble ?? ''}`,
      },
      {
        isGood: missed === 0,
        line: `${names.length} models fit into a budget for as many: ${missed} were loaded again`,
      },
    ]
  } finally {
    await Promise.all(servers.map(server => server.stop()))
    await folder.remove()
  }
}

async function seriesOf(
  name: string,
  server: ScaleServer,
  questions: readonly Question[],
  complaints: string[],
): Promise<Series> {
  const connections = new Connections(server.restPort, CONNECTIONS)
  const requests: Request[] = []
  // Loaded, and checked: afterwards only lengths are looked at.
  await forEach(questions.length, CONNECTIONS, async index => {
    const question = questions[index]!
    const reply = await untilReady(() => connections.send('POST', question.path, question.body))
    const verdict = verdictOn(question, reply)
    if (verdict !== 'right')
      complaints.push(verdict === 'refused' ? `${question.model} was refused` : verdict.wrong)
    const head = `POST ${question.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${question.body.length}\r\n\r\n`
    requests.push({
      request: Buffer.from(head + question.body),
      responseBodyBytes: Buffer.byteLength(reply.text),
    })
  })
  connections.close()
  return { name, server, requests, latenciesMs: [], cpuMs: 0 }
}

/** A server without a budget listens before its models are loaded. */
async function untilReady<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
  const givesUpMs = performance.now() + 60_000
  for (;;) {
    const reply = await send()
    if (reply.status === 200 || performance.now() > givesUpMs) return reply
  }
}

/** One round; resolves with its median. */
async function ask(series: Series, seconds: number, complaints: string[]): Promise<number> {
  const { server, requests, latenciesMs } = series
  const own: number[] = []
  const cpuBeforeMs = cpuMsOfTree(server.pid)
  const { promise: failed, reject } = Promise.withResolvers<never>()
  const listener = {
    onAnswer: (durationUs: number) => void own.push(durationUs / 1000),
    onFailure: reject,
  }
  const connections = Array.from({ length: CONNECTIONS }, (_, index) => {
    const exchange = requests[((index * requests.length) / CONNECTIONS) | 0]!
    return new HttpConnection(server.restPort, exchange, listener)
  })
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, seconds * 1000)
  try {
    await Promise.race([over, failed])
  } catch (error) {
    complaints.push(error instanceof Error ? error.message : String(error))
  } finally {
    clearTimeout(timer)
    for (const connection of connections) connection.close()
  }
  series.cpuMs += cpuMsOfTree(server.pid) - cpuBeforeMs
  for (const each of own) latenciesMs.push(each)
  return quantile(sorted(own), 0.5)
}

function report(
  series: readonly Series[],
  ratios: Float64Array,
  seconds: number,
  print: (line: string) => void,
): void {
  const columns = series.map(({ name, latenciesMs, cpuMs }) => {
    const ordered = sorted(latenciesMs)
    return {
      name,
      count: ordered.length,
      p50: quantile(ordered, 0.5),
      p99: quantile(ordered, 0.99),
      cpu: cpuMs / ordered.length,
    }
  })
  const rows = columns.map(({ name, count, p50, p99, cpu }) => [
    name,
    String(count),
    ms(p50),
    ms(p99),
    `${(1000 * cpu).toFixed(1)} µs`,
  ])
  for (const line of table([['server', 'requests', 'p50', 'p99', 'CPU a request'], ...rows])) print(line)
  const [plain, budgeted] = columns
  const ratio = quantile(ratios, 0.5)
  print(
    `${ROUNDS} rounds of ${seconds.toFixed(1)} s by turns over ${CONNECTIONS} connections: p50 with a budget is ${ratio.toFixed(3)} times that without (median of the rounds, ${ratios[0]!.toFixed(3)} to ${ratios.at(-1)!.toFixed(3)}), its CPU a request ${(budgeted!.cpu / plain!.cpu).toFixed(3)} times (target ${TARGET_RATIO}): ${met(ratio <= TARGET_RATIO)}`,
  )
}

async function missesOf(server: ScaleServer): Promise<number> {
  const connections = new Connections(server.metricsPort, 1)
  const { text } = await connections.send('GET', '/metrics')
  connections.close()
  return readExposition(text).get('millrace_model_cache_misses_total') ?? Number.NaN
}
