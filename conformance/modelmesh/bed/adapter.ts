import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type GrpcClient, grpcClient } from '../../open-inference/forms/grpc-client.ts'
import { CallError, callErrorOf } from './call-error.ts'
import { layOut } from './layout.ts'

export interface LoadRequest {
  readonly modelId: string
  readonly modelType: string
  readonly modelPath: string
  readonly modelKey: string
}

export interface RuntimeStatus {
  readonly status: 'STARTING' | 'READY' | 'FAILING'
  readonly capacityBytes: number
  readonly runtimeVersion: string
  readonly limitsModelConcurrency: boolean
  /** Field numbers of the model's id, by method. */
  readonly methods: Readonly<Record<string, readonly number[]>>
}

/** What stands between the mesh and a server that takes MLServer's place. */
export interface Adapter {
  /** Polled until it says READY; then it has purged the server. */
  runtimeStatus(): Promise<RuntimeStatus>
  /** Rejects with a `CallError`. */
  loadModel(
    request: LoadRequest,
    signal?: AbortSignal,
  ): Promise<{ sizeBytes: number; maxConcurrency: number }>
  /** Rejects with a `CallError`. */
  unloadModel(modelId: string): Promise<void>
  /** Where it lays models out. */
  readonly folder: string
  /** Methods of the server that it has called, in order. */
  readonly called: readonly string[]
  close(): void
}

export interface AdapterOptions {
  /** Host and port of the server. */
  readonly server: string
  readonly rootModelFolder: string
  readonly memoryRequestBytes?: number
  readonly memoryBufferBytes?: number
  readonly defaultModelBytes?: number
  readonly sizeMultiplier?: number
  readonly maxConcurrency?: number
  /** The embedded puller's files are purged, too. */
  readonly hasPuller?: boolean
}

const RECEIVE_BYTES = 4 * 1024 * 1024
const METHODS = {
  'inference.GRPCInferenceService/ModelInfer': [1],
  'inference.GRPCInferenceService/ModelMetadata': [1],
}

export async function createAdapter(options: AdapterOptions): Promise<Adapter> {
  const {
    server,
    rootModelFolder,
    memoryRequestBytes = 1024 * 1024 * 1024,
    memoryBufferBytes = 256 * 1024 * 1024,
    defaultModelBytes = 1_000_000,
    sizeMultiplier = 1.25,
    maxConcurrency = 0,
    hasPuller = false,
  } = options
  const folder = join(rootModelFolder, '_mlserver_models')
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const client: GrpcClient = grpcClient(server, { maxReceiveBytes: RECEIVE_BYTES })
  const called: string[] = []
  const call = async <T>(method: string, message: object, signal?: AbortSignal): Promise<T> => {
    called.push(method)
    try {
      const reply = await client.call<T>(method, message, { signal })
      return reply.message
    } catch (error) {
      throw callErrorOf(error)
    }
  }

  const purge = async (): Promise<string | undefined> => {
    const { ready } = await call<{ ready: boolean }>('ServerReady', {})
    if (!ready) return undefined
    const { models } = await call<{ models: readonly { name: string }[] }>('RepositoryIndex', {
      repository_name: '',
      ready: true,
    })
    for (const { name } of models) await call('RepositoryModelUnload', { model_name: name })
    await empty(folder)
    if (hasPuller) await empty(rootModelFolder, '_mlserver_models')
    const { version } = await call<{ version: string }>('ServerMetadata', {})
    return version
  }

  return {
    folder,
    called,
    async runtimeStatus() {
      const version = await purge().catch((error: unknown) => {
        if (error instanceof CallError) return undefined
        throw error
      })
      return {
        status: version === undefined ? 'STARTING' : 'READY',
        capacityBytes: memoryRequestBytes - memoryBufferBytes,
        runtimeVersion: version === undefined || version === '' ? 'v1' : version,
        limitsModelConcurrency: maxConcurrency > 0,
        methods: METHODS,
      }
    },
    async loadModel({ modelId, modelType, modelPath, modelKey }, signal) {
      let diskBytes: number | undefined
      try {
        const key = JSON.parse(modelKey) as Record<string, unknown>
        const type = typeName(key['model_type']) ?? modelType
        const schemaPath = key['schema_path']
        if (schemaPath !== undefined && typeof schemaPath !== 'string')
          throw new Error('schema_path is no text')
        if (typeof key['disk_size_bytes'] === 'number') diskBytes = key['disk_size_bytes']
        await layOut(folder, { id: modelId, type, path: modelPath, schemaPath })
      } catch (error) {
        throw new CallError(
          'UNKNOWN',
          `Failed to load Model due to adapter error: ${(error as Error).message}`,
        )
      }
      try {
        await call('RepositoryModelLoad', { model_name: modelId }, signal)
      } catch (error) {
        const { code, message } = callErrorOf(error)
        throw new CallError(code, `Failed to load Model due to MLServer runtime error: ${message}`)
      }
      const sizeBytes = diskBytes === undefined ? defaultModelBytes : Math.floor(diskBytes * sizeMultiplier)
      return { sizeBytes, maxConcurrency }
    },
    async unloadModel(modelId) {
      try {
        await call('RepositoryModelUnload', { model_name: modelId })
      } catch (error) {
        const { code } = callErrorOf(error)
        if (code !== 'INVALID_ARGUMENT' && code !== 'NOT_FOUND') {
          throw new CallError(code, 'Failed to unload model from MLServer')
        }
      }
      await rm(join(folder, modelId), { recursive: true, force: true })
      if (hasPuller) await rm(join(rootModelFolder, modelId), { recursive: true, force: true })
    },
    close: () => client.close(),
  }
}

/** `{"name": "sklearn"}` and `"sklearn"` mean the same. */
function typeName(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  const name = (value as { name?: unknown } | undefined)?.name
  return typeof name === 'string' ? name : undefined
}

async function empty(folder: string, except?: string): Promise<void> {
  const entries = (await readdir(folder)).filter(entry => entry !== except)
  await Promise.all(entries.map(entry => rm(join(folder, entry), { recursive: true, force: true })))
}
