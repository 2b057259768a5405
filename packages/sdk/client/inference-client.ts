import type { TensorSpec } from '../contract/index.ts'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'

/** Which model is meant. */
export interface ModelTarget {
  readonly modelName: string
  /** Absent: the server's choice. */
  readonly modelVersion?: string | undefined
}

/** What one call may say for itself. */
export interface CallOptions {
  /** Withdraws the call: it rejects with CANCELLED, and the server is told. */
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the answer, or in a stream for each next one. Default: the client's. */
  readonly timeoutMs?: number | undefined
  /**
   * Sent with the call, besides the client's own: HTTP headers or gRPC metadata, which is base64 under a name that ends
   * in `-bin`.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** What a server tells of a model. */
export interface ModelMetadata {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  /** Empty: not declared. */
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

/**
 * Asks a server of the Open Inference Protocol; the same over REST and gRPC.
 *
 * Every method rejects with a `ServingError`. What the server refused has the server's code and text;
 * UNAVAILABLE is a server that cannot be reached or broke off, DEADLINE_EXCEEDED a timeout,
 * RESOURCE_EXHAUSTED an answer beyond `maxResponseBytes`, INTERNAL an answer that is none.
 */
export interface InferenceClient {
  readonly infer: (request: InferenceRequest, options?: CallOptions) => Promise<InferenceResponse>
  /** The answers as they come. Leaving the loop withdraws the call. */
  readonly inferStream: (request: InferenceRequest, options?: CallOptions) => AsyncIterable<InferenceResponse>
  readonly modelMetadata: (target: ModelTarget, options?: CallOptions) => Promise<ModelMetadata>
  /** Whether the server is ready, or with a target whether that model is. */
  readonly isReady: (target?: ModelTarget, options?: CallOptions) => Promise<boolean>
  /** Lets running calls finish and closes the connections. Idempotent. */
  readonly close: () => Promise<void>
}

/** How a client proves who it is, and whom it trusts. */
export interface TlsOptions {
  /** Certificates to trust in place of the well-known ones, PEM. */
  readonly ca?: string | Uint8Array | undefined
  /** The client's own certificate and key, PEM; both or neither. */
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
  /** Whether the server must prove who it is. Default true; false is for trying things out. */
  readonly isVerified?: boolean | undefined
}

/** What clients of both protocols can be told. */
export interface ClientOptions {
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly tls?: TlsOptions | undefined
  /** Default 60,000. */
  readonly timeoutMs?: number | undefined
  /** Largest answer, or event of a stream, that is taken. Default 256 MiB. */
  readonly maxResponseBytes?: number | undefined
}

export const DEFAULT_TIMEOUT_MS = 60_000
export const DEFAULT_MAX_RESPONSE_BYTES = 256 * 1024 * 1024
