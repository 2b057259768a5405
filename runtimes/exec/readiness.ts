import { ServingError } from '@millrace/sdk'
import {
  type CallOptions,
  createGrpcClient,
  createHydrosphereClient,
  type HydrosphereClient,
  type InferenceClient,
} from '@millrace/sdk/client'
import type { Protocol } from './exec-settings.ts'
import { GENERATIONS } from './hydrosphere-backend.ts'
import { waitForPort } from './open-port.ts'
import { createPause } from './pause.ts'

/** How long one question may take; a program that does not answer is asked again. */
const QUESTION_TIMEOUT_MS = 5000

/** Whom to wait for. */
export interface ReadinessTarget {
  /** HOST:PORT. */
  readonly address: string
  readonly protocol: Protocol | 'auto'
  /** What the program calls the model, over V2. */
  readonly modelName: string
}

/** What was found: it is ready, it may get ready, or it does not serve what was asked for. */
type Finding =
  | { readonly kind: 'ready'; readonly protocol: Protocol }
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'absent'; readonly reason: string }

/**
 * Waits until a program is ready, and tells what it speaks. Over V2 the server and the model must both be ready. A
 * program of Hydrosphere is ready when its health service says SERVING; else when its `Status` does; else, if it has
 * neither, when it accepts an HTTP/2 connection.
 * @param note is told why it is not ready yet, each time that it is found not to be
 * @throws ServingError FAILED_PRECONDITION when it serves something else; the signal's reason
 */
export async function waitUntilReady(
  target: ReadinessTarget,
  signal: AbortSignal,
  note: (reason: string) => void,
): Promise<Protocol> {
  note(`nobody accepts connections at ${target.address}`)
  await waitForPort(target.address, signal)
  const options: CallOptions = { signal, timeoutMs: QUESTION_TIMEOUT_MS }
  const clients = openClients(target.address)
  const pause = createPause(signal)
  try {
    for (;;) {
      const found = await question(clients, target, options)
      if (signal.aborted) throw signal.reason
      if (found.kind === 'ready') return found.protocol
      if (found.kind === 'absent') throw new ServingError('FAILED_PRECONDITION', found.reason)
      note(found.reason)
      await pause()
    }
  } finally {
    await Promise.all([clients.v2, clients.G1, clients.G2, clients.G3].map(client => client.close()))
  }
}

interface Clients {
  readonly v2: InferenceClient
  readonly G1: HydrosphereClient
  readonly G2: HydrosphereClient
  readonly G3: HydrosphereClient
}

/** None of them connects before it is asked. */
function openClients(target: string): Clients {
  return {
    v2: createGrpcClient({ target }),
    G1: createHydrosphereClient({ target, generation: 'G1' }),
    G2: createHydrosphereClient({ target, generation: 'G2' }),
    G3: createHydrosphereClient({ target, generation: 'G3' }),
  }
}

/** One round of questions. What goes wrong on the way is a reason to wait. */
async function question(clients: Clients, target: ReadinessTarget, options: CallOptions): Promise<Finding> {
  const { protocol, modelName, address } = target
  try {
    if (protocol === 'v2') return await askV2(clients.v2, modelName, options)
    if (protocol !== 'auto') {
      const finding = await askHydrosphere(clients[GENERATIONS[protocol]], protocol, options)
      return finding
    }
    const found = await askV2(clients.v2, modelName, options)
    return found.kind === 'absent' ? await askWhich(clients, address, options) : found
  } catch (error) {
    return { kind: 'waiting', reason: error instanceof Error ? error.message : String(error) }
  }
}

async function askV2(client: InferenceClient, modelName: string, options: CallOptions): Promise<Finding> {
  const isServerReady = await unlessMissing(() => client.isReady(undefined, options))
  if (isServerReady === undefined) {
    return {
      kind: 'absent',
      reason: 'it does not serve inference.GRPCInferenceService, which protocol v2 needs',
    }
  }
  if (!isServerReady) return { kind: 'waiting', reason: 'its ServerReady answers false' }
  const isModelReady = await client.isReady({ modelName }, options)
  if (isModelReady) return { kind: 'ready', protocol: 'v2' }
  return { kind: 'waiting', reason: `its ModelReady answers false for model '${modelName}'` }
}

type HydrosphereProtocol = Exclude<Protocol, 'v2'>

async function askHydrosphere(
  client: HydrosphereClient,
  protocol: HydrosphereProtocol,
  options: CallOptions,
): Promise<Finding> {
  const { reason, hasStatus } = await askHealth(client, options)
  if (reason !== undefined) return { kind: 'waiting', reason }
  // `Status` is in the same service as `Predict` of the first two generations.
  const isOffered = (hasStatus && protocol !== 'hydrosphere-g3') || (await client.isOffered(options))
  if (isOffered) return { kind: 'ready', protocol }
  return { kind: 'absent', reason: `it does not serve Predict of protocol ${protocol}` }
}

/** Which generation a program is of that does not serve V2. */
async function askWhich(clients: Clients, address: string, options: CallOptions): Promise<Finding> {
  const { reason, hasStatus } = await askHealth(clients.G2, options)
  if (reason !== undefined) return { kind: 'waiting', reason }
  if (hasStatus || (await unlessMissing(() => clients.G2.status(options))) !== undefined) {
    return { kind: 'ready', protocol: 'hydrosphere-g2' }
  }
  if (await clients.G3.isOffered(options)) return { kind: 'ready', protocol: 'hydrosphere-g3' }
  if (await clients.G1.isOffered(options)) return { kind: 'ready', protocol: 'hydrosphere-g1' }
  return {
    kind: 'absent',
    reason: `the server at ${address} serves neither inference.GRPCInferenceService nor a PredictionService of Hydrosphere`,
  }
}

/** @returns why it is not ready, or undefined if it is */
async function askHealth(
  client: HydrosphereClient,
  options: CallOptions,
): Promise<{ readonly reason: string | undefined; readonly hasStatus: boolean }> {
  const health = await unlessMissing(() => client.health(options))
  if (health === 'SERVING') return { reason: undefined, hasStatus: false }
  const answer = await unlessMissing(() => client.status(options))
  const hasStatus = answer !== undefined
  if (answer?.status === 'SERVING') return { reason: undefined, hasStatus }
  if (answer !== undefined) {
    const why = answer.message === '' ? '' : `: ${answer.message}`
    return { reason: `its Status answers ${answer.status}${why}`, hasStatus }
  }
  if (health !== undefined) return { reason: `its health service answers ${health}`, hasStatus }
  await client.connect(options)
  return { reason: undefined, hasStatus }
}

/** Undefined where the server has no such method, or nothing to say of itself as a whole. */
async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (ServingError.is(error) && (error.code === 'UNIMPLEMENTED' || error.code === 'NOT_FOUND'))
      return undefined
    throw error
  }
}
