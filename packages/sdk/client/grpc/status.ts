import { type ErrorCode, ServingError } from '../../errors/index.ts'

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

/** What gRPC takes HTTP's statuses for (doc/http-grpc-status-mapping.md of gRPC). */
const HTTP_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
}

/**
 * The status that a server ended a call with, as an error with the server's own text.
 * @param pushback the trailer `grpc-retry-pushback-ms`, perhaps not a number
 */
export function statusRefusal(
  status: number,
  text: string,
  pushback: string | undefined,
  cause?: unknown,
): ServingError {
  const pauseMs = Number(pushback ?? Number.NaN)
  const retry = Number.isSafeInteger(pauseMs) && pauseMs >= 0 ? { retryAfterMs: pauseMs } : {}
  const message = text === '' ? `the server answered with status ${status}` : text
  return new ServingError(CODES[status] ?? 'INTERNAL', message, {
    ...retry,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** What is no answer of gRPC, by its HTTP status. */
export function httpRefusal(status: number, contentType: string | undefined): ServingError {
  const code = HTTP_CODES[status] ?? 'UNKNOWN'
  const type = contentType === undefined ? 'no content-type' : `content-type '${contentType.slice(0, 64)}'`
  return new ServingError(
    code,
    `the server answered with HTTP status ${status} and ${type}, which is not gRPC`,
  )
}
