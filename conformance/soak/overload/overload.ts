import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../../fuzz/target/server-process.ts'
import { type Check, kibibytes, table } from '../report.ts'
import { type LoadResult, REQUEST_BYTES, SteadyLoad } from './steady-load.ts'

const REPOSITORY = fileURLToPath(new URL('../repositories/steady', import.meta.url))
/** Two for each of the two workers: neither is ever without work, and nobody waits for more than one other. */
const CAPACITY_LANES = 4
const CAPACITY_SECONDS = 4
const OVERLOAD_SECONDS = 6
/** As long as the queue needs to fill to the default limit, and a little more. */
const FILLING_SECONDS = 16
const DEFAULT_LIMIT = 1024
/** How much longer an accepted request should take than at capacity, and how long a refusal. */
const TARGET_RATIO = 2
const TARGET_REJECTION_MS = 5
const TARGET_SHARE = 0.99
const TOO_BUSY = 'this machine is too busy to tell'
/** What a request may take in memory while it waits, with everything that hangs on it, in copies of its tensor. */
const COPIES = 4
const NOISE_BYTES = 48 * 1_048_576

interface Measured {
  readonly limit: number
  readonly capacity: LoadResult
  readonly overload: LoadResult
  readonly grownBytes: number
  readonly trouble: string | undefined
}

/** Twice the load that the model can answer, with limits that fit it and with those that nobody has set. */
export async function soakOverload(print: (line: string) => void): Promise<readonly Check[]> {
  const measured: Measured[] = []
  for (const limit of [CAPACITY_LANES, 1.5 * CAPACITY_LANES, DEFAULT_LIMIT])
    measured.push(await measure(limit))
  for (const line of table([HEAD, ...measured.map(rowOf)])) print(line)
  for (const { limit, capacity, overload } of measured) {
    print(`limit ${limit}: ${waiting(capacity, overload)}; ${refusals(overload)}`)
  }
  return measured.flatMap(checksOf)
}

async function measure(limit: number): Promise<Measured> {
  const server = await ServerProcess.start(REPOSITORY, {
    environment: limit === DEFAULT_LIMIT ? {} : { MILLRACE_MAX_CONCURRENT_REQUESTS: String(limit) },
  })
  const load = new SteadyLoad(server.ports)
  try {
    // Code is compiled and connections are opened before anything counts.
    await load.closedLoop(CAPACITY_LANES, 1)
    const capacity = await load.closedLoop(CAPACITY_LANES, CAPACITY_SECONDS)
    const before = await server.measure()
    const perSecond = capacity.accepted.count / capacity.seconds
    const seconds = limit === DEFAULT_LIMIT ? FILLING_SECONDS : OVERLOAD_SECONDS
    const [overload, during] = await Promise.all([
      load.openLoop(2 * perSecond, seconds),
      // The queue is at its longest at the end.
      delay(seconds * 900).then(() => server.measure()),
    ])
    const grownBytes = during.rssBytes - before.rssBytes
    return { limit, capacity, overload, grownBytes, trouble: server.trouble() }
  } finally {
    await load.close()
    await server.stop()
  }
}

const HEAD = [
  'max_concurrent_requests',
  'capacity/s',
  'p99 there',
  'accepted',
  'p50',
  'p99',
  'refused',
  'p50',
  'p99',
  'check of life p50',
  'p99',
  'memory',
]

function rowOf({ limit, capacity, overload, grownBytes }: Measured): readonly string[] {
  const { accepted, rejected, alive } = overload
  return [
    limit === DEFAULT_LIMIT ? `${limit} (default)` : String(limit),
    (capacity.accepted.count / capacity.seconds).toFixed(0),
    ms(capacity.accepted.at(0.99)),
    String(accepted.count),
    ms(accepted.at(0.5)),
    ms(accepted.at(0.99)),
    String(rejected.count),
    ms(rejected.at(0.5)),
    ms(rejected.at(0.99)),
    ms(alive.at(0.5)),
    ms(alive.at(0.99)),
    kibibytes(grownBytes),
  ]
}

/** Whether those who are let in are served as at capacity. A machine on which a check of life takes nearly as long cannot tell. */
function waiting(capacity: LoadResult, { accepted, alive }: LoadResult): string {
  const ratio = accepted.at(0.99) / capacity.accepted.at(0.99)
  const isMet = ratio <= TARGET_RATIO
  const verdict = isMet || 2 * alive.at(0.99) < accepted.at(0.99) ? met(isMet) : TOO_BUSY
  return `p99 of accepted requests is ${ratio.toFixed(1)} times that at capacity (target ${TARGET_RATIO}): ${verdict}`
}

/** Whether refusals come in time: only a machine that answers a mere check of life in that time can tell. */
function refusals({ rejected, alive }: LoadResult): string {
  if (rejected.count === 0) return 'no refusals'
  const [share, aliveShare] = [rejected.within(TARGET_REJECTION_MS), alive.within(TARGET_REJECTION_MS)]
  const isMet = share >= TARGET_SHARE
  const verdict = isMet || aliveShare >= TARGET_SHARE ? met(isMet) : TOO_BUSY
  return `within ${TARGET_REJECTION_MS} ms came ${percent(share)} of the refusals and ${percent(aliveShare)} of the checks of life: ${verdict}`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`
}

/** What holds on any machine. */
function checksOf({ limit, capacity, overload, grownBytes, trouble }: Measured): readonly Check[] {
  const complaints = [...capacity.complaints, ...overload.complaints]
  const allowedBytes = limit * COPIES * REQUEST_BYTES + NOISE_BYTES
  return [
    {
      isGood: complaints.length === 0 && trouble === undefined && overload.accepted.count > 0,
      line: `limit ${limit}: ${trouble ?? `every request was answered right or refused for overload${complaints.length === 0 ? '' : `, but ${complaints.length}, the first: ${complaints[0]}`}`}`,
    },
    {
      isGood: grownBytes <= allowedBytes,
      line: `limit ${limit}: resident memory grew by ${kibibytes(grownBytes)} under overload; ${kibibytes(allowedBytes)} are allowed`,
    },
  ]
}

function met(isMet: boolean): string {
  return isMet ? 'met' : 'NOT MET'
}

function ms(timeMs: number): string {
  return Number.isNaN(timeMs) ? '-' : `${timeMs.toFixed(1)} ms`
}
