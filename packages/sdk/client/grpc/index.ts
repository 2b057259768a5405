/** Unary calls of gRPC over HTTP/2. */

export { toMetadataFields } from './call-headers.ts'
export { isNeverSent } from './never-sent.ts'
export { statusRefusal } from './status.ts'
export { createUnaryCaller, type UnaryCaller, type UnaryMethod } from './unary-caller.ts'
