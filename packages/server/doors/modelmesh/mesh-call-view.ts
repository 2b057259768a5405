import type { GrpcCall } from '../../transport/index.ts'

/** A gRPC call with other metadata, or with another end, than its client gave it. */
export class MeshCallView implements GrpcCall {
  readonly #grpc: GrpcCall
  readonly headers: GrpcCall['headers']
  readonly #signal: AbortSignal | undefined

  /**
   * @param headers in place of those of the same name
   * @param signal default: the call's own
   */
  constructor(grpc: GrpcCall, headers: GrpcCall['headers'], signal?: AbortSignal) {
    this.#grpc = grpc
    this.headers = headers
    this.#signal = signal
  }

  get signal(): AbortSignal {
    return this.#signal ?? this.#grpc.signal
  }

  get deadlineMs(): number {
    return this.#grpc.deadlineMs
  }

  setTrailer(name: string, value: string): void {
    this.#grpc.setTrailer(name, value)
  }

  addTrailers(fields: readonly (readonly [name: string, value: string])[]): void {
    this.#grpc.addTrailers(fields)
  }
}

/** Metadata that names one model or alias, and whatever else there is. */
export function headersNaming(
  headers: GrpcCall['headers'],
  kind: 'model' | 'alias',
  id: string,
): GrpcCall['headers'] {
  // Without a prototype: a caller chooses the names.
  const named = Object.create(null) as { [name: string]: string }
  for (const [name, value] of Object.entries(headers)) if (!NAMING.test(name)) named[name] = value
  named[kind === 'model' ? 'mm-model-id-bin' : 'mm-vmodel-id-bin'] = Buffer.from(id).toString('base64')
  return named
}

const NAMING = /^(?:mm-v?model-id(?:-bin)?|tas-model-id)$/
