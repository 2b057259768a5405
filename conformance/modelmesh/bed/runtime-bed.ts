import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Address, createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import { type CallOptions, type GrpcClient, grpcClient } from '../../open-inference/forms/grpc-client.ts'
import { callErrorOf } from './call-error.ts'

/** What the mesh sends for one model. */
export interface RuntimeModel {
  readonly modelId: string
  readonly modelType: string
  readonly modelPath: string
  readonly modelKey: string
}

export interface RuntimeStatusReply {
  readonly status: 'STARTING' | 'READY' | 'FAILING'
  readonly capacityInBytes: string
  readonly maxLoadingConcurrency: number
  readonly modelLoadingTimeoutMs: number
  readonly defaultModelSizeInBytes: string
  readonly runtimeVersion: string
  readonly methodInfos: Readonly<Record<string, { readonly idInjectionPath: readonly number[] }>>
  readonly limitModelConcurrency: boolean
  readonly allowAnyMethod: boolean
}

/** A server in this process that a mesh calls without an adapter. */
export interface RuntimeBed {
  readonly server: RunningServer
  /** Where the puller puts models. */
  readonly models: string
  /** Where storages are configured. */
  readonly storages: string
  /** Where downloads are kept. */
  readonly cache: string
  /** Lines of the log, from `info` up. */
  readonly log: readonly string[]
  readonly write: (path: string, content: string | Uint8Array) => Promise<string>
  readonly status: () => Promise<RuntimeStatusReply>
  readonly load: (
    model: RuntimeModel,
    options?: CallOptions,
  ) => Promise<{ readonly sizeInBytes: string; readonly maxConcurrency: number }>
  readonly unload: (modelId: string) => Promise<object>
  readonly size: (modelId: string) => Promise<number>
  readonly predict: (model: RuntimeModel) => Promise<number>
  /** `mmesh.ModelRuntime`, with messages as they are given. */
  readonly runtime: GrpcClient
  /** `inference.GRPCInferenceService`. */
  readonly data: GrpcClient
  /** Names in the index, with their states. */
  readonly index: () => Promise<Readonly<Record<string, string>>>
}

export interface RuntimeBedOptions {
  /** By the names of `settings.json`; the endpoint is a free port. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  /** Files of the server's own repository. */
  readonly files?: Readonly<Record<string, string>>
}

export async function startRuntimeBed(
  t: TestContext,
  { settings = {}, environment = {}, files = {} }: RuntimeBedOptions = {},
): Promise<RuntimeBed> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-'))
  const write = async (path: string, content: string | Uint8Array) => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
    return file
  }
  await Promise.all([
    mkdir(join(folder, 'models')),
    mkdir(join(folder, 'own')),
    mkdir(join(folder, 'storages')),
  ])
  for (const [path, text] of Object.entries(files)) await write(join('own', path), text)
  const loaded = await loadServerSettings({
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      parallel_workers: 0,
      model_cache_dir: join(folder, 'cache'),
      model_runtime_endpoint: 'port:0',
      mesh_models_folder: join(folder, 'models'),
      mesh_storage_folder: join(folder, 'storages'),
      ...settings,
    },
    environment: {},
  })
  const log: string[] = []
  const server = await serve({
    folder: join(folder, 'own'),
    settings: loaded.settings,
    environment,
    log: createLogger({ isStructured: true, level: 'info', write: line => void log.push(line) }),
  })
  // Without an endpoint nobody answers there.
  const [address = server.grpc] = server.modelRuntime
  const runtime = grpcClient(targetOf(address), {
    file: 'mmesh/model_runtime.proto',
    service: 'mmesh.ModelRuntime',
  })
  const data = grpcClient(targetOf(server.grpc))
  t.after(async () => {
    runtime.close()
    data.close()
    await server.close()
    await rm(folder, { recursive: true })
  })
  return {
    server,
    models: join(folder, 'models'),
    storages: join(folder, 'storages'),
    cache: join(folder, 'cache'),
    log,
    write,
    runtime,
    data,
    status: () => ask(runtime, 'runtimeStatus', {}),
    load: (model, options) => ask(runtime, 'loadModel', model, options),
    unload: modelId => ask(runtime, 'unloadModel', { modelId }),
    size: async modelId => sizeOf(await ask(runtime, 'modelSize', { modelId })),
    predict: async model => sizeOf(await ask(runtime, 'predictModelSize', model)),
    async index() {
      const { models } = await ask<{ models: readonly { name: string; state: string }[] }>(
        data,
        'RepositoryIndex',
        {},
      )
      return Object.fromEntries(models.map(({ name, state }) => [name, state]))
    },
  }
}

function targetOf({ host, port }: Address): string {
  return port === 0 ? `unix:${host}` : `${host}:${port}`
}

/** @throws CallError */
async function ask<T>(
  client: GrpcClient,
  method: string,
  message: object,
  options?: CallOptions,
): Promise<T> {
  try {
    return (await client.call<T>(method, message, options)).message
  } catch (error) {
    throw callErrorOf(error)
  }
}

function sizeOf({ sizeInBytes }: { readonly sizeInBytes: string }): number {
  return Number(sizeInBytes)
}

/** The model of an example, as bytes. */
export function exampleModel(name: 'iris' | 'digits'): Promise<Uint8Array> {
  return readFile(new URL(`../../../examples/repository/${name}/model.onnx`, import.meta.url))
}
