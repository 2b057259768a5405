import { cpuMsOfTree } from '../../bench/process/process-tree.ts'
import { Random } from '../fuzz/inputs/random.ts'
import { type Check, kibibytes, table } from '../soak/report.ts'
import { Connections } from './ask.ts'
import { mebibytes, met, ms } from './figures.ts'
import { MeshFolder, modelNames, register } from './mesh-folder.ts'
import type { Options } from './options.ts'
import { questionTo, verdictOn } from './question.ts'
import type { ScaleServer } from './scale-server.ts'

const TARGET_MS = 2000
/** Starts of each kind, by turns. */
const STARTS = 3
/** Registrations that are under way when the process is killed. */
const LATE_LANES = 8
const LATE_MS = 300
const PAGE = 10_000

interface Start {
  readonly registerMs: number
  readonly listeningMs: number
  readonly statusMs: number
  readonly answerMs: number
  /** Until the first answer. */
  readonly cpuMs: number
  readonly residentBytes: number
}

/** Kills a server with all its registrations, and starts it again. */
export async function restart(options: Options, print: (line: string) => void): Promise<readonly Check[]> {
  const [full, empty] = [await MeshFolder.make(), await MeshFolder.make()]
  try {
    const names = modelNames(options.models)
    const first = names[0]!
    await Promise.all([full.writeModels([first]), empty.writeModels([first])])
    const server = await full.startMesh(options.budgetModels)
    await register(server.restPort, names)
    const acknowledged = await registerUntilKilled(server, first)
    const one = await empty.startMesh(options.budgetModels)
    await register(one.restPort, [first])
    await one.kill()

    const complaints: string[] = []
    const starts: { readonly full: Start[]; readonly empty: Start[] } = { full: [], empty: [] }
    const missing: string[] = []
    for (let round = 0; round < STARTS; round++) {
      starts.empty.push(await start(empty, first, options, complaints))
      const expected = [...names, ...acknowledged]
      starts.full.push(
        await start(full, first, options, complaints, async again => {
          const known = await registered(again)
          missing.push(...expected.filter(name => !known.has(name)))
        }),
      )
    }
    report(starts, options.models, print)
    print(`on the disk: ${kibibytes(await full.registerBytes())}`)
    return [
      {
        isGood: missing.length === 0,
        line: `no registration was lost of ${names.length}, and ${acknowledged.length} that were acknowledged while the process was being killed${missing.length === 0 ? '' : `, but ${missing.length}: ${missing[0]}, …`}`,
      },
      {
        isGood: complaints.length === 0,
        line: `the first request after each of ${2 * STARTS} starts was answered right${complaints.length === 0 ? '' : `, but ${complaints.length}, the first: ${complaints[0]}`}`,
      },
    ]
  } finally {
    await Promise.all([full.remove(), empty.remove()])
  }
}

/** Goes on registering while the process is killed; what was acknowledged. */
async function registerUntilKilled(server: ScaleServer, path: string): Promise<readonly string[]> {
  const connections = new Connections(server.restPort, LATE_LANES)
  const acknowledged: string[] = []
  const killed = new AbortController()
  let next = 0
  const lane = async () => {
    while (!killed.signal.aborted) {
      const name = `late-${next++}`
      try {
        await connections.json('PUT', `/v2/mesh/models/${name}`, { type: 'custom', path })
        acknowledged.push(name)
      } catch (error) {
        if (!killed.signal.aborted) throw error
      }
    }
  }
  const lanes = Promise.all(Array.from({ length: LATE_LANES }, lane))
  const killing = new Promise<void>(resolve => void setTimeout(resolve, LATE_MS)).then(() => {
    killed.abort()
    return server.kill()
  })
  await Promise.all([lanes, killing])
  connections.close()
  return acknowledged
}

async function start(
  folder: MeshFolder,
  model: string,
  { budgetModels, seed }: Options,
  complaints: string[],
  look: (server: ScaleServer) => Promise<void> = async () => {},
): Promise<Start> {
  let openedMs = Number.NaN
  const server = await folder.startMesh(budgetModels, {}, ({ message, time }) => {
    if (message === 'the register of models is open') openedMs = Date.parse(time)
  })
  const connections = new Connections(server.restPort, 1)
  try {
    const { status } = await connections.json<{ readonly status: string }>('GET', `/v2/mesh/models/${model}`)
    const statusMs = Date.now()
    if (status !== 'NOT_LOADED') complaints.push(`${model} is ${status}`)
    const question = questionTo(model, new Random(seed, 'restart'))
    const verdict = verdictOn(question, await connections.send('POST', question.path, question.body))
    const answerMs = Date.now()
    if (verdict !== 'right') complaints.push(verdict === 'refused' ? `${model} was refused` : verdict.wrong)
    const cpuMs = cpuMsOfTree(server.pid)
    const residentBytes = server.residentBytes()
    await look(server)
    const { spawnedMs, listeningMs } = server
    return {
      registerMs: openedMs - spawnedMs,
      listeningMs: listeningMs - spawnedMs,
      statusMs: statusMs - spawnedMs,
      answerMs: answerMs - spawnedMs,
      cpuMs,
      residentBytes,
    }
  } finally {
    connections.close()
    await server.kill()
  }
}

async function registered(server: ScaleServer): Promise<ReadonlySet<string>> {
  const connections = new Connections(server.restPort, 1)
  const names = new Set<string>()
  let next: string | undefined
  do {
    const after: string = next === undefined ? '' : `&after=${encodeURIComponent(next)}`
    const page = await connections.json<{
      readonly models: readonly { readonly id: string }[]
      readonly next?: string
    }>('GET', `/v2/mesh/models?limit=${PAGE}${after}`)
    for (const { id } of page.models) names.add(id)
    next = page.next
  } while (next !== undefined)
  connections.close()
  return names
}

function report(
  { full, empty }: { readonly full: readonly Start[]; readonly empty: readonly Start[] },
  models: number,
  print: (line: string) => void,
): void {
  const head = ['register of', 'is open', 'listens', 'a status', 'first answer', 'CPU till then', 'memory']
  const rows = [
    ['1 model', least(empty)],
    [`${models} models`, least(full)],
  ] as const
  const line = (name: string, at: Start) => [
    name,
    ...[at.registerMs, at.listeningMs, at.statusMs, at.answerMs, at.cpuMs].map(ms),
    mebibytes(at.residentBytes),
  ]
  for (const text of table([head, ...rows.map(([name, at]) => line(name, at))])) print(text)
  const [small, large] = [least(empty), least(full)]
  print(
    `the best of ${STARTS} starts: with all models it answers after ${ms(large.statusMs)} from its start, ${ms(large.statusMs - small.statusMs)} later than with one (target ${TARGET_MS} ms): ${met(large.statusMs <= TARGET_MS)}`,
  )
}

/** The quickest of several. */
function least(starts: readonly Start[]): Start {
  return starts.toSorted((a, b) => a.statusMs - b.statusMs)[0]!
}
