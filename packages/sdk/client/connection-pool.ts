import { ServingError } from '../errors/index.ts'
import type { TlsOptions } from './inference-client.ts'

/** What built-in `fetch` takes as its `dispatcher`. */
export type Dispatcher = NonNullable<RequestInit['dispatcher']>

export interface ConnectionPool {
  /** Undefined: the process-wide connections. */
  readonly dispatcher: Dispatcher | undefined
  readonly close: () => Promise<void>
}

interface AgentOptions {
  readonly connections: number
  readonly headersTimeout: number
  readonly bodyTimeout: number
  readonly maxHeaderSize: number
  readonly connect: object
}

/** Where `fetch` and every copy of its library in a process find the dispatcher that all of them use. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1')

/**
 * Connections of a client's own, made with the agent that built-in `fetch` brings: only so can it be told
 * whom to trust and how many connections to open, without a library of the same size beside it.
 *
 * Where somebody has put another dispatcher into its place, such as one for proxies, that one is used,
 * and `maxConnections` is its matter.
 *
 * @throws ServingError UNIMPLEMENTED when it cannot keep to `tls`: connecting without would be worse
 */
export function createConnectionPool(tls: TlsOptions | undefined, maxConnections: number): ConnectionPool {
  const Agent = agentClass()
  if (Agent === undefined) {
    if (tls === undefined) return { dispatcher: undefined, close: async () => {} }
    throw new ServingError(
      'UNIMPLEMENTED',
      'tls options cannot be kept while another dispatcher replaces that of fetch in this process; take it away, or use gRPC',
    )
  }
  const { ca, cert, key, isVerified = true } = tls ?? {}
  const agent = new Agent({
    connections: maxConnections,
    // Every call has a timeout of its own, which may be longer than the library's five minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 64 * 1024,
    connect: {
      rejectUnauthorized: isVerified,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  })
  let closing: Promise<void> | undefined
  return { dispatcher: agent, close: () => (closing ??= agent.close()) }
}

type AgentClass = new (options: AgentOptions) => Dispatcher

function agentClass(): AgentClass | undefined {
  // The library is loaded with the first of its classes, and sets the dispatcher then.
  void new Headers()
  const current = (globalThis as { [GLOBAL_DISPATCHER]?: object })[GLOBAL_DISPATCHER]
  return current?.constructor.name === 'Agent' ? (current.constructor as AgentClass) : undefined
}
