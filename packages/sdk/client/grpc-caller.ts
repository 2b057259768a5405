import type { Client, CallOptions as GrpcCallOptions, Metadata } from '@grpc/grpc-js'
import { ServingError } from '../errors/index.ts'
import { createGrpcChannels } from './grpc-channels.ts'
import { grpcRefusal } from './grpc-refusal.ts'
import {
  type CallOptions,
  type ClientOptions,
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_TIMEOUT_MS,
} from './inference-client.ts'
import { type RunningCall, startCall } from './running-call.ts'

/** What every client over gRPC is told. */
export interface GrpcCallerOptions extends ClientOptions {
  readonly target: string
  readonly maxConnections?: number | undefined
}

/** A channel to call on, and the metadata of the call. */
interface OpenChannel {
  readonly client: Client
  readonly metadata: Metadata
}

/** Calls of one client: bytes to bytes, with timeout, withdrawal and errors in Millrace's words. */
export interface GrpcCaller {
  /** @throws ServingError as `startCall` does */
  readonly start: (options: CallOptions) => RunningCall
  /** Has `work` done within a call, which ends with it. What it throws becomes a ServingError. */
  readonly run: <T>(options: CallOptions, work: (call: RunningCall) => Promise<T>) => Promise<T>
  /** @param path full, with the service */
  readonly unary: (
    path: string,
    message: Uint8Array,
    options: CallOptions,
    call: RunningCall,
  ) => Promise<Uint8Array>
  /** @throws ServingError FAILED_PRECONDITION when the client is closed */
  readonly open: (options: CallOptions, call: RunningCall) => Promise<OpenChannel>
  /** Idempotent. */
  readonly close: () => Promise<void>
}

/** @throws ServingError INVALID_ARGUMENT for a target or number that cannot be */
export function createGrpcCaller(options: GrpcCallerOptions): GrpcCaller {
  const { target, maxConnections = 1, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES } = options
  if (target === '' || /^https?:/.test(target)) {
    throw new ServingError('INVALID_ARGUMENT', `target is '${target}'; expected HOST:PORT`)
  }
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    throw new ServingError('INVALID_ARGUMENT', `maxConnections is ${maxConnections}; it must be at least 1`)
  }
  const channels = createGrpcChannels(target, options.tls, maxConnections, maxResponseBytes)
  let isClosed = false

  const start = (call: CallOptions) => startCall(call, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const open = async (callOptions: CallOptions, call: RunningCall): Promise<OpenChannel> => {
    if (isClosed) throw new ServingError('FAILED_PRECONDITION', 'the client is closed')
    const opened = await channels.open({ ...options.headers, ...callOptions.headers })
    // The library may have taken a while to load.
    const failure = call.failure()
    if (failure !== undefined) throw failure
    return opened
  }
  return {
    start,
    open,
    async run(callOptions, work) {
      const call = start(callOptions)
      try {
        return await work(call)
      } catch (error) {
        throw call.failure() ?? grpcRefusal(error)
      } finally {
        call.end()
      }
    },
    async unary(path, message, callOptions, call) {
      const { client, metadata } = await open(callOptions, call)
      const deadline: GrpcCallOptions = { deadline: Date.now() + call.timeoutMs }
      return new Promise((resolve, reject) => {
        const running = client.makeUnaryRequest(
          path,
          toBuffer,
          bytes => bytes,
          message,
          metadata,
          deadline,
          (error, answer) =>
            error === null && answer !== undefined ? resolve(answer) : reject(error as Error),
        )
        call.signal.addEventListener('abort', () => running.cancel(), { once: true })
      })
    },
    async close() {
      isClosed = true
      await channels.close()
    },
  }
}

/** One message is one buffer to the library. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
