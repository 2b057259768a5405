import { setTimeout as sleep } from 'node:timers/promises'
import { type GrpcClient, grpcClient } from '../../open-inference/forms/grpc-client.ts'
import type { Adapter, LoadRequest } from './adapter.ts'
import { CallError, callErrorOf } from './call-error.ts'

/** A model as it is registered. */
export type Registration = Omit<LoadRequest, 'modelId'>

/** The mesh above one adapter: what it knows of models, and what it does when they fail. */
export interface Mesh {
  /** Asks for the status until it is READY. Resolves with how often it asked; rejects when it is FAILING. */
  start(): Promise<number>
  register(modelId: string, registration: Registration): void
  /** Loads a model; the call is cancelled when its time is up, by default after 90 s. Rejects with a `CallError`. */
  load(modelId: string, timeUp?: AbortSignal): Promise<void>
  /** Evicts it. */
  unload(modelId: string): Promise<void>
  /** A request as clients send it; the model's id is written into it. Rejects with the client's `CallError`. */
  infer<T = InferReply>(
    modelId: string,
    message: object,
    options?: {
      readonly headers?: Readonly<Record<string, string>>
      readonly method?: 'ModelInfer' | 'ModelMetadata'
      readonly signal?: AbortSignal
      readonly timeoutMs?: number
    },
  ): Promise<T>
  /** Sizes of what it takes for loaded. */
  readonly loaded: ReadonlyMap<string, number>
  /** Ids of models that the server seemed to have lost, in order. */
  readonly purged: readonly string[]
  close(): void
}

export interface InferReply {
  readonly model_name: string
  readonly id: string
  readonly outputs: readonly {
    readonly name: string
    readonly datatype: string
    readonly shape: readonly string[]
    readonly contents: Readonly<Record<string, readonly unknown[]>> | null
  }[]
  readonly raw_output_contents: readonly Buffer[]
}

const LOAD_TIMEOUT_MS = 90_000
const ATTEMPTS = 8

export function createMesh(adapter: Adapter, server: string): Mesh {
  const client: GrpcClient = grpcClient(server)
  const registry = new Map<string, Registration>()
  const loaded = new Map<string, number>()
  const purged: string[] = []

  const load = async (modelId: string, timeUp = AbortSignal.timeout(LOAD_TIMEOUT_MS)): Promise<void> => {
    const registration = registry.get(modelId)
    if (registration === undefined) throw new CallError('NOT_FOUND', 'model not found')
    try {
      const { sizeBytes } = await adapter.loadModel({ modelId, ...registration }, timeUp)
      loaded.set(modelId, sizeBytes)
    } catch (error) {
      const { message } = callErrorOf(error)
      // After any failure; a model that was never loaded must be unloaded as cheaply.
      await adapter.unloadModel(modelId)
      const text = timeUp.aborted ? `Load of model ${modelId} timed out` : message
      throw new CallError('INTERNAL', text)
    }
  }

  return {
    loaded,
    purged,
    load,
    async start() {
      for (let polls = 1; ; polls++) {
        const { status } = await adapter.runtimeStatus()
        if (status === 'READY') return polls
        if (status === 'FAILING') throw new Error('the runtime is failing')
        await sleep(50)
      }
    },
    register: (modelId, registration) => void registry.set(modelId, registration),
    async unload(modelId) {
      loaded.delete(modelId)
      await adapter.unloadModel(modelId)
    },
    async infer<T>(modelId: string, message: object, options: Parameters<Mesh['infer']>[2] = {}) {
      const { method = 'ModelInfer', headers = {}, ...rest } = options
      const field = method === 'ModelInfer' ? 'model_name' : 'name'
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        if (!loaded.has(modelId)) await load(modelId)
        try {
          const request = { ...message, [field]: modelId }
          const reply = await client.call<T>(method, request, { ...rest, headers: added(headers, modelId) })
          return reply.message
        } catch (error) {
          const refusal = callErrorOf(error)
          if (looksMissing(refusal)) {
            // The server has lost it: cleaned up, loaded again, and asked again.
            purged.push(modelId)
            loaded.delete(modelId)
            await adapter.unloadModel(modelId)
            continue
          }
          const name = `inference.GRPCInferenceService/${method}`
          throw refusal.code === 'UNAVAILABLE'
            ? new CallError('INTERNAL', `ModelRuntime UNAVAILABLE: ${name}: UNAVAILABLE: ${refusal.message}`)
            : new CallError(refusal.code, `${name}: ${refusal.code}: ${refusal.message}`)
        }
      }
      throw new CallError('INTERNAL', `${ATTEMPTS} retry iterations exhausted`)
    },
    close: () => client.close(),
  }
}

function added(headers: Readonly<Record<string, string>>, modelId: string): Record<string, string> {
  const passed = Object.entries(headers).filter(([name]) => !/^(?:mm|grpc)-|^tas-model-id$/.test(name))
  return { ...Object.fromEntries(passed), 'mm-model-id': modelId, 'mm-model-id-bin': modelId }
}

/** What the mesh takes for "this model is not loaded here". */
export function looksMissing({ code, message }: CallError): boolean {
  if (code === 'NOT_FOUND') return true
  if (code === 'INVALID_ARGUMENT') return message.startsWith('Model ') && message.endsWith(' not found')
  if (code !== 'UNAVAILABLE' || !message.startsWith('Request for unknown model')) return false
  return message.endsWith(' is not found') || message.endsWith(' has no available versions')
}
