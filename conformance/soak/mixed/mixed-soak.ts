import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serializeInferRequest } from '@millrace/sdk/protocol'
import { Random } from '../../fuzz/inputs/random.ts'
import { ServerProcess } from '../../fuzz/target/server-process.ts'
import { type Check, kibibytes, table } from '../report.ts'
import { DOORS } from './doors.ts'
import { killEvery, processKiller, threadKiller } from './kill-workers.ts'
import { type Finding, runLanes, type Tally } from './lanes.ts'
import { memoryVerdicts, watchMemory } from './memory-watch.ts'
import { Outages } from './outages.ts'
import { paused } from './pauses.ts'
import { ASKED_MODELS } from './question.ts'
import { reloadEvery } from './reload-models.ts'

interface MixedOptions {
  readonly workerKind: 'process' | 'thread'
  readonly seconds: number
  readonly seed: number
  readonly print: (line: string) => void
}

const REPOSITORY = fileURLToPath(new URL('../repositories/mixed', import.meta.url))
const FINDINGS = join(tmpdir(), 'millrace-soak')
const LANES = 24
const KILL_PERIOD_MS = 5000
const RELOAD_PERIOD_MS = 3000
const SAMPLES = 60
/** A run that goes wrong everywhere says nothing new after this. */
const SHOWN_FINDINGS = 20
/** Models and workers that are ended are logged with stacks; these must never be. */
const TROUBLE = /^.*(?:unhandled|FATAL|heap out of memory|MaxListeners|DeprecationWarning).*$/im

/** Load of all kinds, with workers that are ended and models that are reloaded under it. */
export async function soakMixed(options: MixedOptions): Promise<readonly Check[]> {
  const { workerKind, seconds, seed, print } = options
  const server = await ServerProcess.start(REPOSITORY, {
    environment: { MILLRACE_WORKER_KIND: workerKind },
    trouble: TROUBLE,
  })
  const stop = new AbortController()
  const { signal } = stop
  const outages = new Outages()
  const tally: Tally = { killedCount: 0, absentCount: 0, right: new Map() }
  const complaints: string[] = []
  const complain = (complaint: string): void => {
    complaints.push(complaint)
    if (complaints.length <= SHOWN_FINDINGS) print(`FINDING ${complaint}`)
  }
  const saving: Promise<void>[] = []
  const onFinding = (finding: Finding): void => {
    const path = join(FINDINGS, `${workerKind}-${seed}-${finding.question.request.id}.json`)
    complain(`${describe(finding, seed)}; its request is in ${path}`)
    if (complaints.length <= SHOWN_FINDINGS) saving.push(save(finding, path))
  }
  try {
    const killer =
      workerKind === 'process'
        ? processKiller(server, new Random(seed, 'kill'), outages)
        : threadKiller(server, outages)
    const { rest: restPort } = server.ports
    const random = new Random(seed, 'reload')
    const running = Promise.all([
      reloadEvery({ restPort, periodMs: RELOAD_PERIOD_MS, random, outages, signal, onComplaint: complain }),
      watchMemory(server, Math.max(500, (seconds * 1000) / SAMPLES), signal),
      runLanes({ ports: server.ports, seed, laneCount: LANES, outages, tally, onFinding, signal }),
      killEvery(KILL_PERIOD_MS, killer, signal, complain),
    ])
    // A server that has gone makes no run better.
    for (let left = seconds; left > 0 && server.trouble() === undefined; left--)
      await Promise.race([paused(1000, signal), running])
    stop.abort()
    const [reloads, samples] = await running
    await Promise.all(saving)
    const trouble = server.trouble() ?? (await server.stop())
    for (const line of rightAnswers(tally)) print(line)
    const rightCount = tally.right.values().reduce((total, count) => total + count, 0)
    return [
      {
        isGood: complaints.length === 0 && rightCount > 0,
        line: `answers: ${rightCount} right, ${complaints.length} findings; ${tally.absentCount} asked for the model that was away`,
      },
      {
        isGood: outages.killCount > 0 && tally.killedCount <= LANES * outages.killCount,
        line: `killed: ${outages.killCount} workers, and ${tally.killedCount} requests in them (${LANES} lanes, so ${LANES * outages.killCount} at most)`,
      },
      {
        isGood: reloads.reloadCount + reloads.unloadCount > 0,
        line: `reloaded: ${reloads.reloadCount} times, ${reloads.unloadCount} times unloaded and loaded; ${reloads.cutOffCount} loads cut off by a kill`,
      },
      { isGood: trouble === undefined, line: `process: ${trouble ?? 'silent, stopped when asked'}` },
      ...memoryVerdicts(samples).map(({ name, growth, lastBytes, isGood }) => ({
        isGood,
        line: `${name}: ${(growth.bytesPerSecond / 1024).toFixed(1)} KiB a second over the second half, ${kibibytes(growth.totalBytes)} in all, ${kibibytes(lastBytes)} at the end`,
      })),
    ]
  } finally {
    stop.abort()
    await server.stop()
  }
}

function describe({ complaint, lane, door, question }: Finding, seed: number): string {
  const { id, modelName, inputs } = question.request
  const shapes = inputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`)
  return `seed ${seed}, lane ${lane}, ${door}, question ${id} to ${modelName} with ${shapes.join(' and ')}: ${complaint}`
}

/** As a JSON body, fit for `POST /v2/models/NAME/infer` or `infer_stream`. */
async function save({ question }: Finding, path: string): Promise<void> {
  await mkdir(FINDINGS, { recursive: true })
  await writeFile(path, Buffer.concat(serializeInferRequest(question.request, {}).pieces))
}

function rightAnswers({ right }: Tally): readonly string[] {
  const doors = Object.keys(DOORS)
  return table([
    ['right answers', ...doors],
    ...ASKED_MODELS.map(model => [model, ...doors.map(door => String(right.get(`${model} ${door}`) ?? 0))]),
  ])
}
