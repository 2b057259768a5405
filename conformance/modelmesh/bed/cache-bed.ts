import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import { type GrpcClient, grpcClient } from '../../open-inference/forms/grpc-client.ts'
import { WATCHED_MODEL } from './watched-models.ts'

/** Bytes that models of this bed take, unless they say otherwise; the budget has room for three. */
export const MODEL_BYTES = 10_000_000
const BUDGET_BYTES = 3 * MODEL_BYTES + 1000

/** Settings of one model; `extra` as a `WatchedModel` reads it. */
export interface CacheModel {
  readonly extra?: Readonly<Record<string, unknown>>
  readonly [setting: string]: unknown
}

export interface CacheReply {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly error?: string; readonly [name: string]: unknown }
}

/** A server in this process whose models do not all fit into its memory. */
export interface CacheBed {
  readonly server: RunningServer
  readonly grpc: GrpcClient
  /** What a model says, or the status and the error. */
  readonly ask: (model: string, signal?: AbortSignal) => Promise<string>
  readonly request: (method: 'GET' | 'POST', path: string, body?: object) => Promise<CacheReply>
  /** States by name, with the reason where there is one. */
  readonly index: () => Promise<Readonly<Record<string, string>>>
  /** Names of loaded models. */
  readonly loaded: () => readonly string[]
  /** Has a model loaded ahead of its use, as the management of a mesh does. */
  readonly preload: (model: string) => Promise<void>
  /** The value of a metric, labels as they are written. */
  readonly metric: (name: string) => Promise<number>
  readonly write: (name: string, model: CacheModel) => Promise<void>
  readonly log: readonly Readonly<Record<string, unknown>>[]
}

export async function startCacheBed(
  t: TestContext,
  models: Readonly<Record<string, CacheModel>>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<CacheBed> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-cache-'))
  const write = async (name: string, { extra, ...model }: CacheModel) => {
    await mkdir(join(folder, name), { recursive: true })
    const parameters = { extra: { memory: MODEL_BYTES, ...extra } }
    const text = JSON.stringify({ name, implementation: WATCHED_MODEL, ...model, parameters })
    await writeFile(join(folder, name, 'model-settings.json'), text)
  }
  for (const [name, model] of Object.entries(models)) await write(name, model)
  const loaded = await loadServerSettings({
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      parallel_workers: 0,
      shutdown_timeout: 10,
      model_memory_budget: BUDGET_BYTES,
      model_memory_max_loads: 1,
      ...settings,
    },
    environment: {},
  })
  const log: Record<string, unknown>[] = []
  const server = await serve({
    folder,
    settings: loaded.settings,
    environment: {},
    log: createLogger({
      isStructured: true,
      level: 'info',
      write: line => void log.push(JSON.parse(line) as Record<string, unknown>),
    }),
  })
  const grpc = grpcClient(`${server.grpc.host}:${server.grpc.port}`)
  t.after(async () => {
    grpc.close()
    await server.close()
    await rm(folder, { recursive: true })
  })
  const failures = await server.started
  if (failures[0] !== undefined) throw failures[0].error
  const base = `http://${server.rest.host}:${server.rest.port}`
  const request: CacheBed['request'] = async (method, path, body) => {
    const response = await fetch(`${base}${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    const isJson = text.startsWith('{') || text.startsWith('[')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as CacheReply['body']) : { text },
    }
  }
  return {
    server,
    grpc,
    request,
    write,
    log,
    async ask(model, signal) {
      const response = await fetch(`${base}/v2/models/${model}/infer`, {
        method: 'POST',
        body: '{"inputs":[]}',
        signal: signal ?? null,
      })
      const body = (await response.json()) as { error?: string; outputs?: { data: string[] }[] }
      return body.outputs?.[0]?.data[0] ?? `${response.status} ${body.error}`
    },
    async index() {
      const { body } = await request('POST', '/v2/repository/index', {})
      const entries = body as unknown as readonly { name: string; state: string; reason: string }[]
      return Object.fromEntries(
        entries.map(({ name, state, reason }) => [name, reason === '' ? state : `${state}: ${reason}`]),
      )
    },
    loaded: () =>
      server.registry
        .loaded(undefined, undefined)
        .map(({ name }) => name)
        .toSorted(),
    async preload(model) {
      if (server.cache === null) throw new Error('the server has no cache')
      await server.cache.ensureLoaded(model, { priority: 'preload' })
    },
    async metric(name) {
      const response = await fetch(`http://${server.metrics!.host}:${server.metrics!.port}/metrics`)
      const line = (await response.text()).split('\n').find(each => each.startsWith(`${name} `))
      if (line === undefined) throw new Error(`there is no metric ${name}`)
      return Number(line.slice(name.length + 1))
    },
  }
}
