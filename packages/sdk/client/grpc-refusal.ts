import type { ServiceError } from '@grpc/grpc-js'
import { type ErrorCode, ServingError } from '../errors/index.ts'

/** By gRPC's numbers (https://grpc.io/docs/guides/status-codes/); those without a word of their own have the nearest. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'UNAVAILABLE',
  11: 'OUT_OF_RANGE',
  12: 'UNIMPLEMENTED',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
}

/** Turns the status that a call ended with into an error with the server's own text. */
export function grpcRefusal(error: unknown): ServingError {
  if (ServingError.is(error)) return error
  if (!isServiceError(error))
    return ServingError.from(error, 'the call failed for a reason that is not known')
  const code = CODES[error.code] ?? 'INTERNAL'
  const text = error.details === '' ? `the server answered with status ${error.code}` : error.details
  const pause = Number(error.metadata?.get('grpc-retry-pushback-ms')[0] ?? Number.NaN)
  const retry = Number.isSafeInteger(pause) && pause >= 0 ? { retryAfterMs: pause } : {}
  return new ServingError(code, text, { cause: error, ...retry })
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'details' in error && 'code' in error && typeof error.code === 'number'
}
