import { setTimeout } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { ServingError } from '../../errors/index.ts'
import type { CallOptions, TlsOptions } from '../inference-client.ts'
import type { PayloadOffset } from './answer-message.ts'
import { type MetadataFields, MethodHeaders, toMetadataFields } from './call-headers.ts'
import { Connection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { TlsSettings } from './open-session.ts'
import { parseGrpcTarget } from './target.ts'
import { callFailure, UnaryCall, type UnaryMethodParts, withdrawn } from './unary-call.ts'
import { messageSizeBytes } from './write-message.ts'

/** Deadlines of all clients of a process. */
const DEADLINES = new Deadlines()

export interface UnaryCallerOptions {
  readonly target: string
  readonly tls: TlsOptions | undefined
  /** Used in turn. */
  readonly maxConnections: number
  readonly maxResponseBytes: number
  readonly timeoutMs: number
  readonly headers: Readonly<Record<string, string>> | undefined
}

/**
 * Calls one method. What `encode` and `decode` throw, the call rejects with.
 * @param encode makes the message, as pieces whose memory must not change until the call has ended
 */
export type UnaryMethod = <T>(
  options: CallOptions,
  encode: () => readonly Uint8Array[],
  decode: (answer: Uint8Array) => T,
) => Promise<T>

/** The connections of one client, and the methods that it calls over them. */
export interface UnaryCaller {
  /**
   * @param path full, with the service
   * @param payloadOffset where a large answer's data should lie aligned. Default: anywhere
   */
  readonly method: (path: string, payloadOffset?: PayloadOffset) => UnaryMethod
  /** Waits until one connection is there, however often that is tried, or `signal` aborts, with whose reason it rejects. */
  readonly connect: (signal: AbortSignal) => Promise<void>
  /** Running calls end as they would; those that wait for a connection fail. Idempotent. */
  readonly close: () => void
}

/** @throws ServingError INVALID_ARGUMENT for a target that is none */
export function createUnaryCaller(options: UnaryCallerOptions): UnaryCaller {
  const { maxConnections, maxResponseBytes } = options
  const target = parseGrpcTarget(options.target)
  let connections: readonly Connection[] | undefined
  let clientFields: MetadataFields | undefined
  let turn = 0
  let isClosed = false

  const open = (): readonly Connection[] => {
    const tls = options.tls === undefined ? undefined : toTlsSettings(options.tls)
    return Array.from({ length: maxConnections }, () => new Connection(target, tls))
  }
  /** @throws ServingError FAILED_PRECONDITION when the client is closed, INVALID_ARGUMENT for credentials that are none */
  const next = (): Connection => {
    if (isClosed) throw new ServingError('FAILED_PRECONDITION', 'the client is closed')
    connections ??= open()
    turn = turn + 1 < connections.length ? turn + 1 : 0
    return connections[turn]!
  }

  return {
    method(path, payloadOffset) {
      const scheme = options.tls === undefined ? 'http' : 'https'
      const { authority, text } = target
      let parts: UnaryMethodParts | undefined
      const prepare = () => {
        clientFields ??= toMetadataFields(options.headers)
        const headers = new MethodHeaders(path, scheme, authority, clientFields)
        return { target: text, deadlines: DEADLINES, maxResponseBytes, headers, payloadOffset }
      }
      return ({ signal, timeoutMs = options.timeoutMs, headers }, encode, decode) =>
        new Promise((resolve, reject) => {
          try {
            checkTimeout(timeoutMs)
            if (signal?.aborted === true) throw withdrawn(signal)
            const message = encode()
            const sizeBytes = messageSizeBytes(message)
            const connection = next()
            const metadata = headers === undefined ? undefined : toMetadataFields(headers)
            parts ??= prepare()
            const call = { message, sizeBytes, metadata, timeoutMs, signal, decode, resolve, reject }
            new UnaryCall(parts, call, connection).start()
          } catch (error) {
            reject(callFailure(error))
          }
        })
    },
    async connect(signal) {
      const connection = next()
      for (;;) {
        const failure = await sessionFailure(connection, signal)
        if (failure === undefined) return
        if (isClosed) throw failure
        await setTimeout(connection.pauseMs, undefined, { signal })
      }
    },
    close() {
      isClosed = true
      for (const connection of connections ?? []) connection.close()
    },
  }
}

/** Why there is no session; undefined when there is one. Rejects when `signal` aborts first. */
function sessionFailure(connection: Connection, signal: AbortSignal): Promise<ServingError | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => {
      signal.removeEventListener('abort', onAbort)
      connection.leave(waiter)
    }
    const onAbort = () => {
      end()
      reject(signal.reason)
    }
    const settle = (failure: ServingError | undefined) => {
      end()
      resolve(failure)
    }
    const waiter = { onSession: () => settle(undefined), onNoSession: settle }
    signal.addEventListener('abort', onAbort)
    connection.use(waiter)
  })
}

function checkTimeout(timeoutMs: number): void {
  if (timeoutMs > 0) return
  const text = `timeoutMs is ${timeoutMs}; it must be a number of milliseconds above 0`
  throw new ServingError('INVALID_ARGUMENT', text)
}

/** Checked once, and read once for all connections. */
function toTlsSettings({ ca, cert, key, isVerified = true }: TlsOptions): TlsSettings {
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid('tls has one of cert and key; a client that proves who it is needs both')
  }
  try {
    const secureContext = createSecureContext({ ca: pem(ca), cert: pem(cert), key: pem(key) })
    return { secureContext, rejectUnauthorized: isVerified }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw invalid(`tls options cannot be used: ${reason}`, error)
  }
}

function pem(text: string | Uint8Array | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text as string)
}

function invalid(message: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', message, { cause })
}
