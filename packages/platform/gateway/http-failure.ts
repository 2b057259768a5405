import { ServingError } from '@millrace/sdk'
import { type FailureKind, GatewayFailure } from './gateway-failure.ts'
import { type GatewayHttpResponse, jsonResponse } from './http-exchange.ts'

/** The HTTP status of each kind of failure, where the failure does not say its own. */
const STATUS: Readonly<Record<FailureKind, number>> = {
  NotFound: 404,
  BadRequest: 400,
  ContractViolationError: 400,
  InternalUncaught: 500,
  NotImplemented: 501,
}

/**
 * `{"error": KIND, "information": TEXT}` for what the gateway or a servable said. What a servable failed with is its code
 * and message; a deadline that passed is 504.
 * @returns undefined for what is not the gateway's to answer: a body beyond the listener's limits, a client that left
 */
export function toFailureResponse(error: unknown): GatewayHttpResponse | undefined {
  if (!ServingError.is(error)) return undefined
  const kind =
    error instanceof GatewayFailure ? error.kind : error.code === 'UNIMPLEMENTED' ? 'NotImplemented' : null
  if (kind === null) return undefined
  const { code, message, retryAfterMs } = error
  const isServables = kind === 'InternalUncaught'
  const ownStatus = isServables && code === 'DEADLINE_EXCEEDED' ? 504 : STATUS[kind]
  const response = jsonResponse(error.httpStatus ?? ownStatus, {
    error: kind,
    information: isServables ? `${code}: ${message}` : message,
  })
  if (retryAfterMs === undefined) return response
  return {
    ...response,
    headers: { ...response.headers, 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
  }
}
