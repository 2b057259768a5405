import { fileURLToPath } from 'node:url'
import {
  createLogger,
  loadServerSettings,
  type RunningServer,
  type ServerLogger,
  serve,
} from '@millrace/server'
import type { Form } from './forms/form.ts'
import { grpcRaw, grpcTyped } from './forms/grpc.ts'
import { type GrpcClient, grpcClient } from './forms/grpc-client.ts'
import { restBinary } from './forms/rest-binary.ts'
import { restJson } from './forms/rest-json.ts'

/** The models that every row of the suite is about. */
const REPOSITORY = fileURLToPath(new URL('../models/repository', import.meta.url))

/** The server under test. */
export interface Target {
  /** Base URL. */
  readonly rest: string
  /** Host and port. */
  readonly grpc: string
  readonly client: GrpcClient
  readonly forms: readonly Form[]
  close(): Promise<void>
}

const { CONFORMANCE_REST: externalRest, CONFORMANCE_GRPC: externalGrpc } = process.env

/** Why tests that need settings of their own are skipped; false if they are not. */
export const isExternal: string | false =
  externalRest === undefined || externalGrpc === undefined
    ? false
    : 'the server under test has settings of its own'

/**
 * The server that `CONFORMANCE_REST` (a URL) and `CONFORMANCE_GRPC` (host and port) name, which must
 * serve the models of {@link REPOSITORY}; without them a server in this process.
 */
export async function openTarget(): Promise<Target> {
  if (externalRest === undefined || externalGrpc === undefined) return startServer()
  return connect(externalRest, externalGrpc, async () => {})
}

export interface StartOptions {
  readonly folder?: string
  /** Settings by the names of `settings.json`. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Variables that describe models, such as `MILLRACE_MODEL_PLACEMENT`. */
  readonly environment?: Readonly<Record<string, string>>
  readonly log?: ServerLogger
}

/** A server in this process, on free ports, over {@link REPOSITORY} unless told otherwise. */
export async function startServer(
  options: StartOptions = {},
): Promise<Target & { readonly server: RunningServer }> {
  const {
    folder = REPOSITORY,
    environment = {},
    log = createLogger({ isStructured: false, level: 'silent' }),
  } = options
  const { settings } = await loadServerSettings({
    // Not from its folder: a settings file there is none of this suite's business.
    flags: {
      http_port: 0,
      grpc_port: 0,
      metrics_port: 0,
      // Some rows leave a model behind that never returns.
      shutdown_timeout: 0.2,
      parallel_workers: 0,
      ...options.settings,
    },
    environment: {},
  })
  const server = await serve({ folder, settings, environment, log })
  const failures = await server.started
  if (failures.length > 0) {
    await server.close()
    throw new AggregateError(failures.map(({ error }) => error))
  }
  const { rest, grpc } = server
  return {
    ...connect(`http://${rest.host}:${rest.port}`, `${grpc.host}:${grpc.port}`, () => server.close()),
    server,
  }
}

function connect(rest: string, grpc: string, close: () => Promise<void>): Target {
  const client = grpcClient(grpc)
  return {
    rest,
    grpc,
    client,
    forms: [restJson(rest), restBinary(rest), grpcTyped(client), grpcRaw(client)],
    async close() {
      client.close()
      await close()
    },
  }
}
