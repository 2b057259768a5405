import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Check } from '../soak/report.ts'
import { Connections, forEach } from './ask.ts'
import { met, ms, percentiles, quantile, readExposition, sorted } from './figures.ts'
import { MeshFolder } from './mesh-folder.ts'
import type { Options } from './options.ts'
import type { ScaleServer } from './scale-server.ts'

const IRIS = fileURLToPath(new URL('../../examples/repository/iris', import.meta.url))
const MODELS = 10
const ROUNDS = 3
const AT_ONCE = 100
const TARGET_MS = 3
const BUDGET_MODELS = 1000
const BODY = JSON.stringify({
  inputs: [{ name: 'measurements', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] }],
})
const LABEL = 0

/** What a first request takes longer than the load of its model, and how often a model is loaded for many first requests. */
export async function askCold(_options: Options, print: (line: string) => void): Promise<readonly Check[]> {
  const folder = await MeshFolder.make()
  try {
    const checks: Check[] = []
    for (let index = 0; index < MODELS + 2; index++)
      await cp(IRIS, join(folder.path, 'models', nameOf(index)), { recursive: true })
    for (const workers of [0, 1]) checks.push(...(await askWith(workers, folder, print)))
    return checks
  } finally {
    await folder.remove()
  }
}

async function askWith(
  workers: number,
  folder: MeshFolder,
  print: (line: string) => void,
): Promise<readonly Check[]> {
  const server = await folder.startMesh(BUDGET_MODELS, {
    parallel_workers: workers,
    metrics_per_model: true,
  })
  const connections = new Connections(server.restPort, AT_ONCE)
  const where = workers === 0 ? 'without workers' : 'with a worker'
  try {
    await forEach(MODELS + 2, 1, async index => {
      const path = nameOf(index)
      await connections.json('PUT', `/v2/mesh/models/${path}`, { type: 'onnx', path })
    })
    const complaints: string[] = []
    const send = async (name: string): Promise<number> => {
      const startedMs = performance.now()
      const { status, text } = await connections.send('POST', `/v2/models/${name}/infer`, BODY)
      const tookMs = performance.now() - startedMs
      if (status !== 200 || !isRight(text, name)) complaints.push(`${name} answered ${status}: ${text}`)
      return tookMs
    }
    // Code is compiled, and the runtime's library is loaded, before anything counts.
    await send(nameOf(MODELS))
    for (let again = 0; again < 50; again++) await send(nameOf(MODELS))
    const [over, loads, firsts, hits]: number[][] = [[], [], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      for (let index = 0; index < MODELS; index++) {
        const name = nameOf(index)
        if (round > 0) await connections.json('POST', `/v2/repository/models/${name}/unload`, {})
        const firstMs = await send(name)
        const loadMs = await loadMsOf(server, name)
        over!.push(firstMs - loadMs)
        loads!.push(loadMs)
        firsts!.push(firstMs)
        hits!.push(await send(name))
      }
    }
    const median = quantile(sorted(over!), 0.5)
    print(
      `${where}: ${over!.length} first requests ${percentiles(firsts!)}, of which the models' own loads ${percentiles(loads!)}; over it ${percentiles(over!)} (least ${ms(Math.min(...over!))}); a request behind it ${percentiles(hits!)}`,
    )
    print(
      `${where}: a first request takes ${ms(median)} over the model's own load (target ${TARGET_MS} ms): ${met(median <= TARGET_MS)}`,
    )

    const before = await loadCount(server)
    const crowd = nameOf(MODELS + 1)
    const tookMs = await Promise.all(Array.from({ length: AT_ONCE }, () => send(crowd)))
    const loaded = (await loadCount(server)) - before
    print(`${where}: ${AT_ONCE} first requests at once ${percentiles(tookMs)}`)
    return [
      {
        isGood: complaints.length === 0,
        line: `${where}: every first request was answered right${complaints.length === 0 ? '' : `, but ${complaints.length}, the first: ${complaints[0]}`}`,
      },
      { isGood: loaded === 1, line: `${where}: ${AT_ONCE} first requests at once cause one load: ${loaded}` },
    ]
  } finally {
    connections.close()
    await server.stop()
  }
}

function nameOf(index: number): string {
  return `iris-${index}`
}

function isRight(text: string, name: string): boolean {
  const answer = JSON.parse(text) as {
    readonly model_name: string
    readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[]
  }
  return answer.model_name === name && answer.outputs.some(({ data }) => data[0] === LABEL)
}

/** What the latest load of a model took, as its server has measured it. */
async function loadMsOf(server: ScaleServer, name: string): Promise<number> {
  for (const [sample, value] of await figures(server)) {
    if (sample.startsWith('model_load_duration_seconds{') && sample.includes(`model_name="${name}"`))
      return value * 1000
  }
  return Number.NaN
}

async function figures(server: ScaleServer): Promise<ReadonlyMap<string, number>> {
  const connections = new Connections(server.metricsPort, 1)
  const { text } = await connections.send('GET', '/metrics')
  connections.close()
  return readExposition(text)
}

async function loadCount(server: ScaleServer): Promise<number> {
  return (await figures(server)).get('millrace_model_cache_load_duration_seconds_count') ?? Number.NaN
}
