import type { GrpcCall } from '../transport/index.ts'
import type { Call } from './call.ts'

/** A gRPC call as the data plane sees it; what its model makes headers of the response becomes trailing metadata. */
export class GrpcCallView implements Call {
  protected readonly grpc: GrpcCall

  constructor(grpc: GrpcCall) {
    this.grpc = grpc
  }

  get headers(): Call['headers'] {
    return this.grpc.headers
  }

  get signal(): AbortSignal {
    return this.grpc.signal
  }

  get deadlineMs(): number {
    return this.grpc.deadlineMs
  }

  setHeader(name: string, value: string): void {
    this.grpc.setTrailer(name, value)
  }
}
