import type { TestContext } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import type { Tensor } from '@millrace/sdk'
import {
  decodeResponseValues,
  encodeGatewayRequest,
  HYDROSPHERE_GATEWAY_SERVICE,
  type HydrosphereValue,
} from '@millrace/sdk/protocol'
import { createLogger, loadServerSettings, type RunningServer, serve } from '@millrace/server'
import type { PredictionRecord, RoutingTable } from '../discovery.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts'
import { TestDiscovery } from './table-fixture.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** `undefined` for what is no JSON. */
  readonly body: unknown
}

export interface TestGateway {
  readonly gateway: Gateway
  readonly server: RunningServer
  readonly discovery: TestDiscovery
  readonly records: readonly PredictionRecord[]
  readonly log: readonly string[]
  readonly base: string
  readonly grpcTarget: string
  /** @param body text as it is, anything else as JSON */
  readonly post: (path: string, body: unknown, options?: RequestInit) => Promise<Reply>
  /** Asks a method of the gateway's service. */
  readonly call: (
    method: string,
    name: string,
    inputs: readonly HydrosphereValue[],
    options?: CallOptions,
  ) => Promise<Tensor[]>
}

export interface CallOptions {
  readonly generation?: 'G2' | 'G3'
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** A gateway inside a real server, over a table that the test changes. */
export async function startGateway(
  t: TestContext,
  first: RoutingTable,
  options: Partial<GatewayOptions> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<TestGateway> {
  const discovery = new TestDiscovery(first)
  const records: PredictionRecord[] = []
  const log: string[] = []
  const logger = createLogger({ isStructured: true, level: 'debug', write: line => void log.push(line) })
  const gateway = createGateway({
    discovery,
    record: record => void records.push(record),
    log: logger,
    ...options,
  })
  const loaded = await loadServerSettings({
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      shutdown_timeout: 2,
      parallel_workers: 0,
      ...settings,
    },
    environment: {},
  })
  const server = await serve({
    folder: null,
    settings: loaded.settings,
    environment: {},
    log: logger,
    doors: { routes: gateway.routes, methods: gateway.methods },
  })
  const grpcTarget = `127.0.0.1:${server.grpc.port}`
  const client = new grpc.Client(grpcTarget, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  })
  t.after(async () => {
    client.close()
    await server.close()
    await gateway.close()
  })
  await server.started
  const base = `http://127.0.0.1:${server.rest.port}`
  return {
    gateway,
    server,
    discovery,
    records,
    log,
    base,
    grpcTarget,
    async post(path, body, init = {}) {
      const response = await fetch(`${base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, body: readJson(text) }
    },
    async call(method, name, inputs, { generation = 'G3', ...call } = {}) {
      const message = Buffer.concat(encodeGatewayRequest({ modelName: name, inputs }, generation))
      const answer = await unary(client, `${HYDROSPHERE_GATEWAY_SERVICE}/${method}`, message, call)
      // Most tests have no groups.
      return decodeResponseValues(answer, generation) as Tensor[]
    },
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unary(client: grpc.Client, path: string, message: Buffer, options: CallOptions): Promise<Buffer> {
  const metadata = new grpc.Metadata()
  for (const [name, value] of Object.entries(options.headers ?? {})) metadata.set(name, value)
  const deadline = options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs }
  return new Promise((resolve, reject) => {
    const running = client.makeUnaryRequest<Buffer, Buffer>(
      path,
      bytes => bytes,
      bytes => bytes,
      message,
      metadata,
      deadline,
      (error, answer) => (error === null ? resolve(answer!) : reject(toError(error))),
    )
    options.signal?.addEventListener('abort', () => running.cancel())
  })
}

/** The status by its name, so that tests read as they do everywhere. */
function toError({ code, details }: grpc.ServiceError): Error {
  return Object.assign(new Error(details), { status: grpc.status[code] })
}
