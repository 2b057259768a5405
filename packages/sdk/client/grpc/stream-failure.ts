import { type ErrorCode, ServingError } from '../../errors/index.ts'
import { type ClientStream, HTTP2_CODE } from '../http2/index.ts'
import type { OpenSession } from './connection.ts'
import { neverSent } from './never-sent.ts'

/** What gRPC takes HTTP/2's codes for (doc/PROTOCOL-HTTP2.md of gRPC, "Errors"); all others are INTERNAL. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  [HTTP2_CODE.cancel]: 'CANCELLED',
  [HTTP2_CODE.enhanceYourCalm]: 'RESOURCE_EXHAUSTED',
  [HTTP2_CODE.inadequateSecurity]: 'PERMISSION_DENIED',
}

/** Why a stream ended that had no status, or none that fits its messages. */
export function streamFailure(stream: ClientStream, session: OpenSession, target: string): ServingError {
  const { resetCode, id } = stream
  // Without a number it has not left; beyond the last one the server has not looked at it (RFC 9113, section 6.8).
  if (resetCode === HTTP2_CODE.refusedStream || id === 0 || id > session.lastStreamId) {
    return neverSent(`${target} refused the call before it looked at it`)
  }
  if (resetCode === undefined) {
    const reason = session.error === undefined ? '' : `: ${session.error.message}`
    return new ServingError('UNAVAILABLE', `the connection to ${target} broke off${reason}`, {
      cause: session.error,
    })
  }
  if (resetCode === HTTP2_CODE.noError) {
    return new ServingError('INTERNAL', `the answer of ${target} ended without a status`)
  }
  const code = CODES[resetCode] ?? 'INTERNAL'
  return new ServingError(code, `${target} reset the call with code ${resetCode} of HTTP/2`)
}
