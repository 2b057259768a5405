import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type GrpcClient, grpcClient } from '../../open-inference/forms/grpc-client.ts'
import { type Adapter, type AdapterOptions, createAdapter } from './adapter.ts'
import { type CallError, callErrorOf } from './call-error.ts'
import { createMesh, type Mesh } from './mesh.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

/** One pod: a server, the adapter beside it, and the mesh that asks both. */
export interface MeshBed {
  readonly server: ServerProcess
  readonly adapter: Adapter
  readonly mesh: Mesh
  /** The server's gRPC port, asked without the mesh. */
  readonly client: GrpcClient
  /** A call to it. Rejects with a `CallError`. */
  readonly call: <T = object>(
    method: string,
    message?: object,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ) => Promise<T>
  /** Names that the index lists as ready. */
  readonly readyNames: () => Promise<readonly string[]>
  /** Writes a file where a puller would have put it; resolves with its path. */
  readonly put: (path: string, content: string | Uint8Array | object) => Promise<string>
  /** Writes the file of a `CustomModel` and registers it. */
  readonly custom: (id: string, weights: object) => Promise<void>
  readonly close: () => Promise<void>
}

export interface MeshBedOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly adapter?: Omit<AdapterOptions, 'server' | 'rootModelFolder'>
}

/** What the key of a model says whose type no stock class serves. */
export const CUSTOM_KEY = '{"model_type":{"name":"custom"}}'

/** Starts all three; the mesh has begun, so the server is purged. */
export async function startMeshBed(options: MeshBedOptions = {}): Promise<MeshBed> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-mesh-'))
  const server = await startServerProcess({
    modelsFolder: join(root, '_mlserver_models/'),
    environment: options.environment,
  })
  const adapter = await createAdapter({ ...options.adapter, server: server.grpc, rootModelFolder: root })
  const mesh = createMesh(adapter, server.grpc)
  const client = grpcClient(server.grpc)
  await mesh.start()
  const call: MeshBed['call'] = async <T>(
    method: string,
    message: object = {},
    callOptions: Parameters<MeshBed['call']>[2] = {},
  ) => {
    try {
      return (await client.call<T>(method, message, callOptions)).message
    } catch (error) {
      throw callErrorOf(error)
    }
  }
  const put: MeshBed['put'] = async (path, content) => {
    const place = join(root, path)
    await mkdir(dirname(place), { recursive: true })
    const isText = typeof content === 'string' || content instanceof Uint8Array
    await writeFile(place, isText ? content : JSON.stringify(content))
    return place
  }
  return {
    server,
    adapter,
    mesh,
    client,
    call,
    put,
    async readyNames() {
      const { models } = await call<{ models: readonly { name: string }[] }>('RepositoryIndex', {
        ready: true,
      })
      return models.map(({ name }) => name).toSorted()
    },
    async custom(id, weights) {
      const modelPath = await put(`${id}/weights.json`, weights)
      mesh.register(id, { modelType: 'mt:custom', modelPath, modelKey: CUSTOM_KEY })
    },
    async close() {
      for (const each of [mesh, adapter, client]) each.close()
      await server.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** How a call was refused. Rejects if it was not. */
export async function refusalOf(answer: Promise<unknown>): Promise<CallError> {
  try {
    await answer
  } catch (error) {
    return callErrorOf(error)
  }
  throw new Error('the call was answered, though it ought to be refused')
}
