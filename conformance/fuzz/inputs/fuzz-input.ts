/** A well-formed HTTP/1.1 request whose content is up to no good. */
export interface RestInput {
  readonly kind: 'rest'
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  /** `undefined`: the request has no body. */
  readonly body: Uint8Array | undefined
  /** Sends the body in chunks of so many bytes; default: with its length. */
  readonly chunkBytes?: number
}

/** A call over sound HTTP/2: what it carries need not be a gRPC message. */
export interface GrpcInput {
  readonly kind: 'grpc'
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  /** What is written, one frame or more for each. */
  readonly pieces: readonly Uint8Array[]
  /** `cancel` resets the stream behind the last piece, without waiting for an answer. */
  readonly ending: 'end' | 'cancel'
}

/** Bytes on a connection of their own. */
export interface RawInput {
  readonly kind: 'raw'
  readonly port: 'rest' | 'grpc'
  readonly writes: readonly Uint8Array[]
  /** `half-close` says that no more comes, `reset` cuts the connection, `wait` leaves the end to the server. */
  readonly ending: 'half-close' | 'reset' | 'wait'
}

/** One thing that is sent to the server. */
export type FuzzInput = RestInput | GrpcInput | RawInput

/** The same with bytes as `{"base64": …}`, ready for JSON. */
export function inputsToJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map(inputsToJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inputsToJson(member)]))
}

/** What {@link inputsToJson} was given, out of its JSON. */
export function inputsFromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inputsFromJson)
  if (typeof value !== 'object' || value === null) return value
  if ('base64' in value && typeof value.base64 === 'string') return Buffer.from(value.base64, 'base64')
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inputsFromJson(member)]))
}
