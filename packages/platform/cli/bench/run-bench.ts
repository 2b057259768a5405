import { writeFile } from 'node:fs/promises'
import { ServingError } from '@millrace/sdk'
import type { InferenceClient, ModelTarget } from '@millrace/sdk/client'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'
import { type ClientProtocol, openClient } from '../open-client.ts'
import { stopSignal } from '../stop-signal.ts'
import type { BenchFlags } from './bench-flags.ts'
import { type BenchReport, csvText, jsonText, type MeasuredLoad, tableText } from './bench-report.ts'
import { filePayloads, madeUpPayloads } from './payloads.ts'
import { seededRandom } from './random-tensors.ts'
import { runClosedLoop, runOpenLoop, type Send } from './run-load.ts'

/** Calls at the same time in an open loop; more would measure this process. */
const MAX_RUNNING = 10_000
const OPEN_LOOP_CONNECTIONS = 128
const DEFAULT_CONCURRENCY = [1]
const FORMATS = { table: tableText, json: jsonText, csv: csvText } as const

/**
 * Puts load on a model and reports how it bore it.
 * @throws CommandFailure when the model cannot be asked at all, no call was answered, or a signal ended it early
 */
export async function runBench(modelName: string, flags: BenchFlags): Promise<void> {
  if (flags.concurrency !== undefined && flags.rate !== undefined) {
    throw new CommandFailure('--concurrency and --rate are two kinds of load; give one of them', EXIT.usage)
  }
  const protocol = flags.protocol ?? (flags.grpc !== undefined && flags.url === undefined ? 'grpc' : 'rest')
  const address = addressOf(protocol, flags)
  const target = { modelName, modelVersion: flags.modelVersion }
  const stop = new AbortController()
  void stopSignal().then(() => stop.abort())

  const loads: MeasuredLoad[] = []
  const levels = flags.rate ?? flags.concurrency ?? DEFAULT_CONCURRENCY
  const kind = flags.rate === undefined ? 'concurrency' : 'rate'
  const payloads = await withClient(protocol, address, flags, 1, client => payloadsOf(client, target, flags))
  for (const level of levels) {
    if (stop.signal.aborted) break
    process.stderr.write(
      `${level} ${kind === 'rate' ? 'calls a second' : 'at a time'} for ${flags.duration} s\n`,
    )
    const connections = connectionsOf(protocol, kind, level, flags)
    const result = await withClient(protocol, address, flags, connections, client => {
      let next = 0
      const send: Send = () => client.infer(payloads[next++ % payloads.length]!)
      const times = { warmupMs: flags.warmup * 1000, durationMs: flags.duration * 1000, stop: stop.signal }
      return kind === 'rate'
        ? runOpenLoop(send, level, MAX_RUNNING, times)
        : runClosedLoop(send, level, times)
    })
    loads.push({ kind, level, result })
  }

  await print(
    {
      model: modelName,
      version: flags.modelVersion,
      protocol,
      address,
      seed: flags.seed,
      warmupSeconds: flags.warmup,
      durationSeconds: flags.duration,
      loads,
    },
    flags,
  )
  if (stop.signal.aborted) throw new CommandFailure('interrupted before the end', EXIT.request)
  if (loads.every(({ result }) => result.latencyMs === undefined)) {
    throw new CommandFailure('no call was answered in the time that counts', EXIT.request)
  }
}

function addressOf(protocol: ClientProtocol, { url, grpc }: BenchFlags): string {
  if (protocol !== 'grpc') return url ?? 'localhost:8080'
  if (grpc === undefined && url !== undefined) {
    throw new CommandFailure('--protocol grpc needs --grpc HOST:PORT; --url is that of REST', EXIT.usage)
  }
  return grpc ?? 'localhost:8081'
}

/** Over REST a connection carries one call at a time; over gRPC one carries all. */
function connectionsOf(
  protocol: ClientProtocol,
  kind: MeasuredLoad['kind'],
  level: number,
  { connections }: BenchFlags,
): number {
  if (connections !== undefined) return connections
  if (protocol === 'grpc') return 1
  return kind === 'rate' ? OPEN_LOOP_CONNECTIONS : level
}

async function withClient<T>(
  protocol: ClientProtocol,
  address: string,
  flags: BenchFlags,
  maxConnections: number,
  work: (client: InferenceClient) => Promise<T>,
): Promise<T> {
  const client = openClient({
    protocol,
    address,
    hasTls: false,
    isVerified: flags.insecure !== true,
    headers: flags.header,
    timeoutMs: flags.timeout * 1000,
    maxConnections,
  })
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** The requests to send, of which the first has been answered once: what is wrong shows before the load. */
async function payloadsOf(client: InferenceClient, target: ModelTarget, flags: BenchFlags) {
  const payloads =
    flags.data === undefined
      ? await madeUpPayloads(client, target, flags.shape, seededRandom(flags.seed))
      : await filePayloads(flags.data, target)
  try {
    await client.infer(payloads[0]!)
  } catch (error) {
    const { message, code } = ServingError.from(error, 'the call failed')
    throw new CommandFailure(
      `the first call failed, so there is no load: ${message} (${code})`,
      EXIT.request,
      error,
    )
  }
  return payloads
}

async function print(report: BenchReport, { output, file }: BenchFlags): Promise<void> {
  const format = output ?? (file === undefined ? 'table' : file.endsWith('.csv') ? 'csv' : 'json')
  if (file === undefined) {
    process.stdout.write(FORMATS[format](report))
    return
  }
  await writeFile(file, FORMATS[format](report))
  if (format !== 'table') process.stdout.write(tableText(report))
}
