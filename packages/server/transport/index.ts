export { listenGrpc } from './grpc/grpc-listener.ts'
export type * from './grpc/grpc-types.ts'
export { listenHttp } from './http/http-listener.ts'
export type * from './http/http-types.ts'
