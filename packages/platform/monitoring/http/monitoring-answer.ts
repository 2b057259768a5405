import { type ErrorCode, ServingError } from '@millrace/sdk'

const STATUSES: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  OUT_OF_RANGE: 400,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  NOT_FOUND: 404,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  CANCELLED: 499,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNKNOWN: 500,
}

/** The status of an error as monitoring answers it. */
export function statusOf(error: ServingError): number {
  return error.httpStatus ?? STATUSES[error.code]
}

/** Whatever was thrown, as an error whose text may be shown. */
export function shownError(thrown: unknown): ServingError {
  if (ServingError.is(thrown)) return thrown
  if (thrown instanceof Error && 'statusCode' in thrown) {
    const { statusCode } = thrown
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return new ServingError('INVALID_ARGUMENT', thrown.message, { httpStatus: statusCode })
    }
  }
  return new ServingError('INTERNAL', 'monitoring failed to answer; the log says why', { cause: thrown })
}
