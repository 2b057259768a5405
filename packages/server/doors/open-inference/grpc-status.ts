import { type ErrorCode, ServingError } from '@millrace/sdk'
import type { GrpcStatus } from '../../transport/index.ts'

/** The gRPC status of each error code (https://grpc.io/docs/guides/status-codes/). */
export const GRPC_CODE: Readonly<Record<ErrorCode, number>> = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
}

export function toGrpcStatus(thrown: unknown): GrpcStatus {
  const error = ServingError.from(thrown, "unexpected error; the server's log has it")
  return { code: GRPC_CODE[error.code], message: error.message }
}
