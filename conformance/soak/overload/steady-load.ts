import { setTimeout as delay } from 'node:timers/promises'
import { ServingError, type Tensor } from '@millrace/sdk'
import { createGrpcClient, createRestClient, type InferenceClient } from '@millrace/sdk/client'
import type { Ports } from '../../fuzz/wire/client.ts'
import { answerFault } from '../mixed/answer-fault.ts'
import type { Question } from '../mixed/question.ts'
import { Latencies } from './latencies.ts'

/** What a load has met with. */
export interface LoadResult {
  readonly seconds: number
  readonly accepted: Latencies
  readonly rejected: Latencies
  /** Of checks that the server lives, all the while: what any answer takes on this machine. */
  readonly alive: Latencies
  /** Neither a right answer nor a refusal for overload. */
  readonly complaints: readonly string[]
}

/** Elements of each request. */
const ELEMENTS = 4096
export const REQUEST_BYTES = 4 * ELEMENTS
const TIMEOUT_MS = 120_000
/** More than may ever wait: the load is not to be held back by its own client. */
const REST_CONNECTIONS = 4096
const GRPC_CONNECTIONS = 8
const ALIVE_PAUSE_MS = 50

/** Asks the steady model over REST and gRPC by turns. */
export class SteadyLoad {
  readonly #clients: readonly InferenceClient[]
  readonly #aliveUrl: string
  readonly #running = new Set<Promise<void>>()
  #count = 0
  #accepted = new Latencies()
  #rejected = new Latencies()
  #complaints: string[] = []

  constructor({ rest, grpc }: Ports) {
    const url = `http://127.0.0.1:${rest}`
    this.#aliveUrl = `${url}/v2/health/live`
    this.#clients = [
      createRestClient({ url, isBinary: true, maxConnections: REST_CONNECTIONS, timeoutMs: TIMEOUT_MS }),
      createGrpcClient({
        target: `127.0.0.1:${grpc}`,
        maxConnections: GRPC_CONNECTIONS,
        timeoutMs: TIMEOUT_MS,
      }),
    ]
  }

  /** Each lane asks as soon as it has its answer. */
  closedLoop(laneCount: number, seconds: number): Promise<LoadResult> {
    return this.#measure(seconds, async signal => {
      const lane = async () => {
        while (!signal.aborted) await this.#ask()
      }
      await Promise.all(Array.from({ length: laneCount }, lane))
    })
  }

  /** Requests come at their time, whatever has become of those before. */
  openLoop(requestsPerSecond: number, seconds: number): Promise<LoadResult> {
    return this.#measure(seconds, async signal => {
      const startedMs = performance.now()
      for (let sent = 0; !signal.aborted; ) {
        const due = ((performance.now() - startedMs) * requestsPerSecond) / 1000
        for (; sent < due; sent++) void this.#ask()
        await delay(1)
      }
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.close()))
  }

  async #measure(seconds: number, send: (signal: AbortSignal) => Promise<void>): Promise<LoadResult> {
    const accepted = (this.#accepted = new Latencies())
    const rejected = (this.#rejected = new Latencies())
    const complaints: string[] = (this.#complaints = [])
    const alive = new Latencies()
    const signal = AbortSignal.timeout(seconds * 1000)
    await Promise.all([send(signal), this.#checkAlive(alive, signal)])
    await Promise.all(this.#running)
    return { seconds, accepted, rejected, alive, complaints }
  }

  async #checkAlive(alive: Latencies, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedMs = performance.now()
      const response = await fetch(this.#aliveUrl)
      await response.arrayBuffer()
      if (response.status === 200) alive.add(performance.now() - startedMs)
      else this.#complaints.push(`the check whether the server lives was answered with ${response.status}`)
      await delay(ALIVE_PAUSE_MS)
    }
  }

  #ask(): Promise<void> {
    const count = this.#count++
    const asking = this.#askClient(this.#clients[count % this.#clients.length]!, count)
    this.#running.add(asking)
    return asking.finally(() => this.#running.delete(asking))
  }

  async #askClient(client: InferenceClient, count: number): Promise<void> {
    const question = questionOf(count)
    const startedMs = performance.now()
    try {
      const response = await client.infer(question.request)
      this.#accepted.add(performance.now() - startedMs)
      const fault = answerFault(question, [response])
      if (fault !== undefined) this.#complaints.push(fault)
    } catch (error) {
      if (isRefusalForOverload(error)) this.#rejected.add(performance.now() - startedMs)
      else this.#complaints.push(ServingError.is(error) ? `${error.code}: ${error.message}` : String(error))
    }
  }
}

/** Over gRPC RESOURCE_EXHAUSTED; over REST 503 with a hint when to come back. */
function isRefusalForOverload(error: unknown): boolean {
  if (!ServingError.is(error)) return false
  const { code, httpStatus, retryAfterMs } = error
  if (httpStatus === undefined) return code === 'RESOURCE_EXHAUSTED'
  return httpStatus === 503 && retryAfterMs !== undefined
}

function questionOf(count: number): Question {
  const data = new Int32Array(ELEMENTS).fill(count)
  const outputs: readonly Tensor[] = [{ name: 'numbers', datatype: 'INT32', shape: [ELEMENTS], data }]
  return {
    request: { modelName: 'steady', id: String(count), inputs: outputs },
    isStream: false,
    answers: [outputs],
    version: undefined,
    isInWorker: true,
  }
}
