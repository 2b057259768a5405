import type { Http1Reply } from './http1-reply.ts'

/** What a gRPC call came to. */
export interface GrpcReply {
  readonly httpStatus: number | undefined
  readonly contentType: string | undefined
  /** As the trailers, or the only headers, have them. */
  readonly grpcStatus: string | undefined
  readonly grpcMessage: string | undefined
  readonly grpcEncoding: string | undefined
  /** All bytes of the answer, frames and all. */
  readonly bytes: Buffer
  readonly resetCode: number
}

/** What became of an input. */
export type Outcome =
  | { readonly kind: 'rest'; readonly reply: Http1Reply }
  | { readonly kind: 'grpc'; readonly reply: GrpcReply }
  /** All that came back, and whether the server ended the connection when it should have. */
  | { readonly kind: 'raw'; readonly bytes: Buffer; readonly isClosed: boolean }
  /** Nobody waited for an answer. */
  | { readonly kind: 'abandoned' }
  /** No answer, or none that can be read. */
  | { readonly kind: 'lost'; readonly reason: string }

/** How long the server may take for any input; its own longest wait is that of a body, 2 s, and then some to linger. */
export const DEADLINE_MS = 15_000
