import { ServingError } from '@millrace/sdk'
import { HttpRefusal } from '../transport/index.ts'
import type { Scope } from './scope.ts'

/** Everything that callers are refused with, in one place. What they sent is never repeated. */
export const refusals = {
  credentialMissing: (allowed: string) =>
    unauthenticated(`credentials are missing; allowed: ${allowed}`, 'Bearer'),

  credentialUnreadable: (allowed: string) =>
    unauthenticated(
      `header authorization cannot be read; allowed: ${allowed}`,
      'Bearer error="invalid_request"',
    ),

  credentialTooLong: (maxLength: number) =>
    unauthenticated(`the credentials are longer than ${maxLength} characters`, INVALID),

  keyUnknown: () => unauthenticated('the API key is not known here', INVALID),

  tokenInvalid: (reason: string) => unauthenticated(`the token is not accepted: ${reason}`, INVALID),

  /** The caller may be right, and the fault is between this server and the issuer. */
  keySetUnavailable: (cause: unknown, retryAfterMs: number) =>
    new ServingError('UNAVAILABLE', "tokens cannot be verified now: the issuer's key set is not available", {
      cause,
      retryAfterMs,
    }),

  scopeMissing: (scope: Scope) =>
    new HttpRefusal(
      'PERMISSION_DENIED',
      `this needs the scope '${scope}', which the caller does not have`,
      403,
      {
        'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
      },
    ),

  tooMany: (requestsPerSecond: number, burst: number, retryAfterMs: number) =>
    new ServingError(
      'RESOURCE_EXHAUSTED',
      `the caller has sent too many requests; allowed are ${requestsPerSecond} per second, ${burst} at once`,
      { retryAfterMs },
    ),
} as const

const INVALID = 'Bearer error="invalid_token"'

function unauthenticated(message: string, challenge: string): ServingError {
  return new HttpRefusal('UNAUTHENTICATED', message, 401, { 'www-authenticate': challenge })
}
