import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import {
  createLogger,
  loadServerSettings,
  type RunningServer,
  type ServeDoors,
  serve,
} from '@millrace/server'

const PROTO_FOLDER = fileURLToPath(new URL('../../../packages/sdk/protocol/proto/', import.meta.url))
const MODEL = `${fileURLToPath(new URL('../models/mesh-model.ts', import.meta.url))}:MeshModel`
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true } as const
const SERVICES = {
  ...loadSync(['mmesh/model_mesh.proto', 'mmesh/model_runtime.proto', 'inference.proto'], {
    ...OPTIONS,
    includeDirs: [PROTO_FOLDER],
  }),
}

/** Metadata; a name may come several times. */
export type Headers = readonly (readonly [name: string, value: string])[]

export interface Answer {
  readonly message: Record<string, unknown>
  readonly trailers: Readonly<Record<string, string>>
}

export interface CallOptions {
  readonly headers?: Headers
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/** A server in this process that is a mesh of its own, and clients of it that are generated from the protos. */
export interface OwnMesh {
  readonly server: RunningServer
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** Of `mmesh.ModelMesh`, by its proto's names. */
  readonly mesh: (method: string, message: object, options?: CallOptions) => Promise<Record<string, unknown>>
  /** @param path `package.Service/Method` */
  readonly call: (path: string, message: object, options?: CallOptions) => Promise<Answer>
  /** Bytes there and back. */
  readonly raw: (path: string, message: Uint8Array, options?: CallOptions) => Promise<Uint8Array>
  /** What the model that answered says of itself. */
  readonly ask: (name: string, headers?: Headers) => Promise<string>
  readonly rest: (
    method: string,
    path: string,
    body?: object,
  ) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>
  /** Writes a model's folder, and says what registers it. */
  readonly model: (path: string, extra?: object) => Promise<{ type: string; path: string; key: string }>
}

export interface OwnMeshOptions {
  readonly settings?: object
  readonly environment?: Readonly<Record<string, string>>
  readonly doors?: ServeDoors
  /** Default: one of its own. */
  readonly folder?: string
  /** Models of the repository, by name. */
  readonly repository?: Readonly<Record<string, object>>
}

export async function startOwnMesh(t: TestContext, options: OwnMeshOptions = {}): Promise<OwnMesh> {
  const folder = options.folder ?? (await meshFolder(t))
  const model: OwnMesh['model'] = async (path, extra = {}) => {
    await writeModel(join(folder, 'models', path), extra)
    return { type: 'custom', path, key: '' }
  }
  await mkdir(join(folder, 'repository'), { recursive: true })
  await mkdir(join(folder, 'models'), { recursive: true })
  for (const [name, extra] of Object.entries(options.repository ?? {})) {
    await writeModel(join(folder, 'repository', name), extra, name)
  }
  const { settings } = await loadServerSettings({
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_endpoint: null,
      parallel_workers: 0,
      shutdown_timeout: 10,
      model_memory_budget: 1_000_000_000,
      model_mesh_enabled: true,
      mesh_models_folder: join(folder, 'models'),
      ...options.settings,
    },
    environment: {},
  })
  const log: Record<string, unknown>[] = []
  const server = await serve({
    folder: join(folder, 'repository'),
    settings,
    environment: options.environment ?? {},
    ...(options.doors === undefined ? {} : { doors: options.doors }),
    log: createLogger({
      isStructured: true,
      level: 'info',
      write: line => void log.push(JSON.parse(line) as Record<string, unknown>),
    }),
  })
  const client = new Client(`${server.grpc.host}:${server.grpc.port}`, credentials.createInsecure())
  t.after(async () => {
    client.close()
    await server.close()
  })
  const failures = await server.started
  if (failures[0] !== undefined) throw failures[0].error

  const unary = <T>(
    { path, requestSerialize, responseDeserialize }: MethodDefinition<object, T>,
    message: object,
    { headers = [], signal, timeoutMs }: CallOptions = {},
  ) => {
    const metadata = new Metadata()
    for (const [name, value] of headers)
      metadata.add(name, name.endsWith('-bin') ? Buffer.from(value) : value)
    const deadline = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }
    return new Promise<{ message: T; trailers: Record<string, string> }>((resolve, reject) => {
      let reply: T | undefined
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata,
        deadline,
        (error, value) => {
          if (error !== null) reject(error)
          reply = value
        },
      )
      call.on('status', ({ code, metadata: trailing }) => {
        const trailers = Object.fromEntries(
          Object.entries(trailing.getMap()).map(([name, value]) => [name, String(value)]),
        )
        if (code === status.OK) resolve({ message: reply!, trailers })
      })
      signal?.addEventListener('abort', () => call.cancel())
    })
  }
  const call: OwnMesh['call'] = (path, message, how) => {
    const [service = '', method = ''] = path.split('/')
    const definition = (SERVICES[service] as ServiceDefinition)[method] as MethodDefinition<
      object,
      Record<string, unknown>
    >
    return unary(definition, message, how)
  }
  return {
    server,
    log,
    call,
    model,
    mesh: async (method, message, how) => (await call(`mmesh.ModelMesh/${method}`, message, how)).message,
    async raw(path, message, how) {
      const definition = {
        path: `/${path}`,
        requestSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
        responseDeserialize: (bytes: Buffer) => bytes,
      }
      return (await unary(definition as unknown as MethodDefinition<object, Buffer>, message, how)).message
    },
    async ask(name, headers = []) {
      const { message } = await call(
        'inference.GRPCInferenceService/ModelInfer',
        { model_name: name },
        { headers },
      )
      return saidIn(message)
    },
    async rest(method, path, body) {
      const { host, port } = server.rest
      const response = await fetch(`http://${host}:${port}${path}`, {
        method,
        body: body === undefined ? null : JSON.stringify(body),
      })
      const text = await response.text()
      return {
        status: response.status,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      }
    },
  }
}

/** A folder that a server and the next one have. */
export async function meshFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'own-mesh-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** The first text of a `ModelInferResponse`. */
export function saidIn(message: Record<string, unknown>): string {
  return textsIn(message)[0]!
}

/** What each output of a `ModelInferResponse` holds that is a text. */
export function textsIn({ outputs }: Record<string, unknown>): readonly string[] {
  const list = outputs as readonly { contents: { bytes_contents: readonly Buffer[] } }[]
  return list.flatMap(({ contents }) => contents?.bytes_contents ?? []).map(String)
}

/** The name of the status that a call ends with, and its text. */
export async function refusalOf(call: Promise<unknown>): Promise<readonly [code: string, text: string]> {
  try {
    await call
    return ['OK', '']
  } catch (error) {
    const { code, details } = error as ServiceError
    return [status[code], details]
  }
}

/** Resolves when it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(resolve => void setImmediate(resolve))
}

async function writeModel(folder: string, extra: object, name?: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const settings = { ...(name === undefined ? {} : { name }), implementation: MODEL, parameters: { extra } }
  await writeFile(join(folder, 'model-settings.json'), JSON.stringify(settings))
}
