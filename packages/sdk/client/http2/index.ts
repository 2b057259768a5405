/** The client's side of HTTP/2, as far as unary calls of gRPC need it. */

export { ClientSession, type SessionListener } from './client-session.ts'
export type { ClientStream, StreamListener } from './client-stream.ts'
export type { HeaderFields } from './header-decoder.ts'
export type { FixedFields } from './header-encoder.ts'
export { HTTP2_CODE } from './http2-error.ts'
