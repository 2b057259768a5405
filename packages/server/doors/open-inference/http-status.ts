import { type ErrorCode, ServingError } from '@millrace/sdk'
import type { HttpResponse } from '../../transport/index.ts'

/** The HTTP status of each error code. 499 is nginx's "client closed request". */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}

/** MLServer's status for a body that breaks the schema; its clients look for `detail` there. */
const UNPROCESSABLE_CONTENT = 422

function httpStatusOf(error: ServingError): number {
  if (error.httpStatus !== undefined) return error.httpStatus
  return error.violations === undefined ? HTTP_STATUS[error.code] : UNPROCESSABLE_CONTENT
}

/** `{"error": message}` as OIP has it, with MLServer's `detail` beside it when the schema is broken. */
export function toErrorResponse(thrown: unknown): HttpResponse {
  const error = ServingError.from(thrown, "unexpected error; the server's log has it")
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000))
  const content = {
    error: error.message,
    ...(error.violations === undefined ? {} : { detail: error.violations }),
  }
  return { status: httpStatusOf(error), headers, body: Buffer.from(toJson(content)) }
}

/** A violation may quote an integer beyond 2^53 from the request; as text it is still readable. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : member))
}
