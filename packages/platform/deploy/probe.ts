import { ServingError } from '@millrace/sdk'
import {
  type CallOptions,
  createGrpcClient,
  createHydrosphereClient,
  type HydrosphereClient,
  type InferenceClient,
} from '@millrace/sdk/client'
import type { HydrosphereGeneration } from '@millrace/sdk/protocol'
import type { RuntimeProtocol } from './deploy-driver.ts'

/** A state with a few words. */
const MAX_ANSWER_BYTES = 64 * 1024
const KEPT_CHARACTERS = 2000

/** What a replica says of itself. */
export type ProbeAnswer =
  | { readonly kind: 'ready'; readonly protocol: RuntimeProtocol }
  /** It answers that it is not ready yet. */
  | { readonly kind: 'waiting'; readonly reason: string }
  /** Its `Status` answers that it does not serve. */
  | { readonly kind: 'refusing'; readonly reason: string }
  /** It does not answer. */
  | { readonly kind: 'silent'; readonly reason: string }
  /** It serves something else, and will not get ready by waiting. */
  | { readonly kind: 'foreign'; readonly reason: string }

/** Asks one replica whether it is ready. */
export interface Probe {
  /** Never rejects. */
  readonly ask: (signal: AbortSignal) => Promise<ProbeAnswer>
  /** Idempotent. */
  readonly close: () => Promise<void>
}

export interface ProbeOptions {
  /** HOST:PORT. */
  readonly address: string
  /** Undefined: it is found out, once. */
  readonly protocol: RuntimeProtocol | undefined
  /** How long one question may take. */
  readonly timeoutMs: number
}

/**
 * A runtime is ready when gRPC's health service says SERVING; else when its `Status` does; else, if it has neither, when
 * it answers so over HTTP/2. One of V2 is ready when `ServerReady` says so.
 *
 * What an unknown one speaks is asked when it is ready: the third generation if it has that one's `Predict`, the second
 * if it has `Status`, the first if it has `Predict` of those two, and V2 if it has `ServerReady`.
 */
export function createProbe(options: ProbeOptions): Probe {
  return new GrpcProbe(options)
}

class GrpcProbe implements Probe {
  readonly #options: ProbeOptions
  /** What it was found to speak. */
  #protocol: RuntimeProtocol | undefined
  #clients: Clients | undefined

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  readonly ask = async (signal: AbortSignal): Promise<ProbeAnswer> => {
    this.#clients ??= openClients(this.#options.address)
    const call: CallOptions = { signal, timeoutMs: this.#options.timeoutMs }
    try {
      const answer = await this.#askWith(this.#clients, call)
      if (answer.kind === 'ready') this.#protocol = answer.protocol
      return answer
    } catch (error) {
      // The library would wait longer and longer before it connects again.
      await this.close()
      return { kind: 'silent', reason: textOf(error).slice(0, KEPT_CHARACTERS) }
    }
  }

  async #askWith(clients: Clients, call: CallOptions): Promise<ProbeAnswer> {
    const protocol = this.#protocol ?? this.#options.protocol
    if (protocol === 'V2') return (await askV2(clients.v2, call)) ?? doesNotServe(protocol)
    const unready = await askHydrosphere(clients.third, call)
    if (unready !== undefined) return unready
    if (this.#protocol !== undefined) return { kind: 'ready', protocol: this.#protocol }
    return protocol === undefined ? askWhich(clients, call) : askWhether(protocol, clients, call)
  }

  readonly close = async (): Promise<void> => {
    const clients = this.#clients
    this.#clients = undefined
    if (clients !== undefined)
      await Promise.all([clients.v2, clients.older, clients.third].map(client => client.close()))
  }
}

interface Clients {
  readonly v2: InferenceClient
  /** Of the first two generations, which share a service. */
  readonly older: HydrosphereClient
  readonly third: HydrosphereClient
}

/** None of them connects before it is asked. */
function openClients(target: string): Clients {
  const options = { target, maxResponseBytes: MAX_ANSWER_BYTES }
  return {
    v2: createGrpcClient(options),
    older: createHydrosphereClient({ ...options, generation: 'G2' }),
    third: createHydrosphereClient({ ...options, generation: 'G3' }),
  }
}

/** Whether one that is ready speaks what it was said to speak. */
async function askWhether(
  protocol: HydrosphereGeneration,
  { older, third }: Clients,
  call: CallOptions,
): Promise<ProbeAnswer> {
  const isOffered = await (protocol === 'G3' ? third : older).isOffered(call)
  return isOffered ? { kind: 'ready', protocol } : doesNotServe(protocol)
}

/** What one that is ready speaks. */
async function askWhich({ v2, older, third }: Clients, call: CallOptions): Promise<ProbeAnswer> {
  if (await third.isOffered(call)) return { kind: 'ready', protocol: 'G3' }
  if ((await unlessMissing(() => older.status(call))) !== undefined) return { kind: 'ready', protocol: 'G2' }
  if (await older.isOffered(call)) return { kind: 'ready', protocol: 'G1' }
  return (
    (await askV2(v2, call)) ?? {
      kind: 'foreign',
      reason: 'it serves neither a PredictionService of Hydrosphere nor inference.GRPCInferenceService',
    }
  )
}

function doesNotServe(protocol: RuntimeProtocol): ProbeAnswer {
  return { kind: 'foreign', reason: `it does not serve ${protocol}, which its runtime is said to speak` }
}

/** Undefined for one that does not speak V2. */
async function askV2(client: InferenceClient, call: CallOptions): Promise<ProbeAnswer | undefined> {
  const isReady = await unlessMissing(() => client.isReady(undefined, call))
  if (isReady === undefined) return undefined
  return isReady
    ? { kind: 'ready', protocol: 'V2' }
    : { kind: 'waiting', reason: 'its ServerReady answers false' }
}

/** Undefined for one that is ready, or that has no way to say so. */
async function askHydrosphere(
  client: HydrosphereClient,
  call: CallOptions,
): Promise<ProbeAnswer | undefined> {
  const health = await unlessMissing(() => client.health(call))
  if (health === 'SERVING') return undefined
  const answer = await unlessMissing(() => client.status(call))
  if (answer?.status === 'SERVING') return undefined
  if (answer !== undefined) {
    const why = answer.message === '' ? '' : `: ${answer.message.slice(0, KEPT_CHARACTERS)}`
    const kind = answer.status === 'NOT_SERVING' ? 'refusing' : 'waiting'
    return { kind, reason: `its Status answers ${answer.status}${why}` }
  }
  return health === undefined
    ? undefined
    : { kind: 'waiting', reason: `its health service answers ${health}` }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Undefined where the server has no such method, or nothing to say of itself as a whole. */
async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (ServingError.is(error) && (error.code === 'UNIMPLEMENTED' || error.code === 'NOT_FOUND')) {
      return undefined
    }
    throw error
  }
}
