import type { Client, Metadata } from '@grpc/grpc-js'
import { ServingError } from '../errors/index.ts'
import { createUnaryCaller, type UnaryCaller } from './grpc/index.ts'
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
  /** Prepares the calls of a method that is no stream. */
  readonly method: UnaryCaller['method']
  /** Settles when there is a connection that speaks HTTP/2. */
  readonly connect: (options: CallOptions) => Promise<void>
  /**
   * A channel for streams, whose library is loaded with the first.
   * @throws ServingError FAILED_PRECONDITION when the client is closed
   */
  readonly open: (options: CallOptions, call: RunningCall) => Promise<OpenChannel>
  /** Idempotent. */
  readonly close: () => Promise<void>
}

/** @throws ServingError INVALID_ARGUMENT for a target or number that cannot be */
export function createGrpcCaller(options: GrpcCallerOptions): GrpcCaller {
  const { target, tls, headers, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  const { maxConnections = 1, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES } = options
  if (!Number.isInteger(maxConnections) || maxConnections < 1) {
    throw new ServingError('INVALID_ARGUMENT', `maxConnections is ${maxConnections}; it must be at least 1`)
  }
  const unary = createUnaryCaller({ target, tls, headers, timeoutMs, maxConnections, maxResponseBytes })
  const channels = createGrpcChannels(target, tls, maxConnections, maxResponseBytes)
  let isClosed = false

  const start = (call: CallOptions) => startCall(call, timeoutMs)
  return {
    start,
    method: unary.method,
    async connect(callOptions) {
      const call = start(callOptions)
      try {
        await unary.connect(call.signal)
      } catch (error) {
        throw call.failure() ?? grpcRefusal(error)
      } finally {
        call.end()
      }
    },
    async open(callOptions, call) {
      if (isClosed) throw new ServingError('FAILED_PRECONDITION', 'the client is closed')
      const opened = await channels.open({ ...headers, ...callOptions.headers })
      // The library may have taken a while to load.
      const failure = call.failure()
      if (failure !== undefined) throw failure
      return opened
    },
    async close() {
      isClosed = true
      unary.close()
      await channels.close()
    },
  }
}
