import { type ErrorCode, ServingError, type ServingErrorOptions } from '@millrace/sdk'

/** What went wrong, in the words that answers over HTTP have for it. */
export type FailureKind =
  | 'NotFound'
  | 'BadRequest'
  | 'ContractViolationError'
  | 'InternalUncaught'
  | 'NotImplemented'

/** A failure that the gateway itself tells of, or passes on from a servable. Its code and message are every door's. */
export class GatewayFailure extends ServingError {
  readonly kind: FailureKind

  constructor(kind: FailureKind, code: ErrorCode, message: string, options?: ServingErrorOptions) {
    super(code, message, options)
    this.kind = kind
  }
}

export function badRequest(message: string, options?: ServingErrorOptions): GatewayFailure {
  return new GatewayFailure('BadRequest', 'INVALID_ARGUMENT', message, options)
}

/** What a servable failed with: its own code and message. */
export function servableFailure(error: ServingError): GatewayFailure {
  const { code, message, retryAfterMs, cause } = error
  return new GatewayFailure('InternalUncaught', code, message, {
    cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
