import { cpuMsOfTree } from '../../bench/process/process-tree.ts'
import { Random } from '../fuzz/inputs/random.ts'
import { type Check, table } from '../soak/report.ts'
import { Connections } from './ask.ts'
import { mebibytes, percentiles, readExposition } from './figures.ts'
import { watchMemory } from './memory-watch.ts'
import { MeshFolder, modelNames, register } from './mesh-folder.ts'
import type { Options } from './options.ts'
import { questionTo, verdictOn } from './question.ts'
import type { ScaleServer } from './scale-server.ts'
import { WEIGHT_BYTES } from './scale-weights.ts'
import { Zipf } from './zipf.ts'

const CONNECTIONS = 32
/** More of them tell nothing new. */
const MAX_COMPLAINTS = 20
/**
 * Resident memory beyond the budget: unloaded models are collected in steps, the C library keeps some of what is given back,
 * and the heap grows with the requests.
 */
const ALLOWED_SHARE = 0.25
const ALLOWED_BYTES = 96 * 1024 ** 2

interface Load {
  readonly latencies: readonly number[]
  /** Of the first request to each model: its load is in it. */
  readonly firstLatencies: readonly number[]
  readonly refused: number
  readonly complaints: readonly string[]
  readonly seconds: number
}

/** Asks all models for a while, some of them much more often than others, and watches the memory meanwhile. */
export async function saturate(options: Options, print: (line: string) => void): Promise<readonly Check[]> {
  const folder = await MeshFolder.make()
  let server: ScaleServer | undefined
  try {
    const names = modelNames(options.models)
    await folder.writeModels(names)
    server = await folder.startMesh(options.budgetModels)
    const emptyBytes = server.residentBytes()
    const startedMs = performance.now()
    await register(server.restPort, names)
    const seconds = (performance.now() - startedMs) / 1000
    const registeredBytes = server.residentBytes()
    print(
      `${names.length} models were registered in ${seconds.toFixed(1)} s, ${(names.length / seconds).toFixed(0)}/s; resident memory grew from ${mebibytes(emptyBytes)} to ${mebibytes(registeredBytes)}`,
    )
    return await loadAndWatch(server, names, registeredBytes, options, print)
  } finally {
    await server?.stop()
    await folder.remove()
  }
}

async function loadAndWatch(
  server: ScaleServer,
  names: readonly string[],
  baseBytes: number,
  { seconds, budgetModels, seed }: Options,
  print: (line: string) => void,
): Promise<readonly Check[]> {
  const ended = new AbortController()
  const watching = watchMemory(server, ended.signal)
  const cpuBeforeMs = cpuMsOfTree(server.pid)
  const zipf = new Zipf(names.length)
  const load = await askAll(server.restPort, names, zipf, seconds, seed)
  const cpuMs = cpuMsOfTree(server.pid) - cpuBeforeMs
  ended.abort()
  const watched = await watching
  const metrics = new Connections(server.metricsPort, 1)
  const scrapedMs = performance.now()
  const exposition = await metrics.send('GET', '/metrics')
  const scrapeMs = performance.now() - scrapedMs
  metrics.close()
  const figures = readExposition(exposition.text)
  const of = (name: string) => figures.get(`millrace_model_cache_${name}`) ?? Number.NaN
  const evictions = [...figures]
    .filter(([name]) => name.startsWith('millrace_model_cache_evictions_total'))
    .map(([name, value]) => `${/reason="(\w+)"/.exec(name)?.[1]} ${value}`)
  const [hits, misses] = [of('hits_total'), of('misses_total')]
  const loads = of('load_duration_seconds_count')
  const { latencies, firstLatencies, refused, complaints } = load
  const budgetBytes = budgetModels * WEIGHT_BYTES
  const grownBytes = watched.residentBytes - baseBytes
  const allowedBytes = Math.max(budgetBytes * ALLOWED_SHARE, ALLOWED_BYTES)
  for (const line of table(
    [
      ['what', 'figure'],
      [
        'requests',
        `${latencies.length} in ${load.seconds.toFixed(1)} s, ${(latencies.length / load.seconds).toFixed(0)}/s`,
      ],
      [
        'CPU of the server',
        `${(cpuMs / 1000 / load.seconds).toFixed(2)} cores, ${(cpuMs / latencies.length).toFixed(3)} ms a request`,
      ],
      ['all requests', percentiles(latencies)],
      ['first requests to a model', `${firstLatencies.length}, ${percentiles(firstLatencies)}`],
      [
        'hits, misses',
        `${hits}, ${misses} (${((100 * hits) / (hits + misses)).toFixed(1)}% hits; the ${budgetModels} most frequent models have ${(100 * zipf.shareOf(budgetModels)).toFixed(1)}%)`,
      ],
      [
        'loads',
        `${loads}, ${(loads / load.seconds).toFixed(0)}/s, ${((1000 * of('load_duration_seconds_sum')) / loads).toFixed(1)} ms each, after ${((1000 * of('queue_duration_seconds_sum')) / loads).toFixed(1)} ms in the queue`,
      ],
      ['evictions', evictions.join(', ')],
      ['refused for overload', String(refused)],
      [
        'used of the budget at most',
        `${mebibytes(watched.usedBytes)} of ${mebibytes(budgetBytes)}, ${watched.count} samples`,
      ],
      [
        'resident memory at most',
        `${mebibytes(watched.residentBytes)}, ${mebibytes(grownBytes)} more than before the first load, ${(grownBytes / budgetBytes).toFixed(2)} times the budget; at the end ${mebibytes(server.residentBytes() - baseBytes)}`,
      ],
      [
        'metrics',
        `${figures.size} samples, ${mebibytes(Buffer.byteLength(exposition.text))} in ${scrapeMs.toFixed(0)} ms`,
      ],
    ].map(([what = '', figure = '']) => [`${what.padEnd(28)}${figure}`]),
  ))
    print(line)
  const trouble = server.trouble()
  return [
    {
      isGood: complaints.length === 0 && trouble === undefined && latencies.length > 0,
      line: `every answer came from the model that was asked and is right, or is a refusal for overload${complaints.length === 0 ? '' : `, but ${complaints.length}, the first: ${complaints[0]}`}${trouble ?? ''}`,
    },
    {
      isGood: misses > 0 && loads >= firstLatencies.length,
      line: `${firstLatencies.length} models were asked, and loaded ${loads} times`,
    },
    {
      isGood: watched.count > 0 && watched.usedBytes <= budgetBytes,
      line: `what models take was never above the budget in ${watched.count} samples`,
    },
    {
      isGood: watched.count > 0 && grownBytes <= budgetBytes + allowedBytes,
      line: `true resident memory never grew by more than the budget and ${mebibytes(allowedBytes)} of garbage: ${mebibytes(grownBytes)}`,
    },
  ]
}

async function askAll(
  port: number,
  names: readonly string[],
  zipf: Zipf,
  seconds: number,
  seed: number,
): Promise<Load> {
  const connections = new Connections(port, CONNECTIONS)
  const latencies: number[] = []
  const firstLatencies: number[] = []
  const asked = new Set<string>()
  const complaints: string[] = []
  let refused = 0
  const startedMs = performance.now()
  const lane = async (number: number) => {
    const random = new Random(seed, number)
    while (performance.now() - startedMs < seconds * 1000 && complaints.length < MAX_COMPLAINTS) {
      const question = questionTo(names[zipf.draw(random)]!, random)
      const isFirst = !asked.has(question.model)
      asked.add(question.model)
      const sentMs = performance.now()
      try {
        const reply = await connections.send('POST', question.path, question.body)
        const tookMs = performance.now() - sentMs
        const verdict = verdictOn(question, reply)
        if (verdict === 'refused') refused++
        else if (verdict === 'right') {
          latencies.push(tookMs)
          if (isFirst) firstLatencies.push(tookMs)
        } else complaints.push(verdict.wrong)
      } catch (error) {
        complaints.push(error instanceof Error ? error.message : String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => lane(number)))
  connections.close()
  return { latencies, firstLatencies, refused, complaints, seconds: (performance.now() - startedMs) / 1000 }
}
