import { type ClientHttp2Stream, constants } from 'node:http2'
import { type ErrorCode, ServingError } from '../../errors/index.ts'
import type { OpenSession } from './connection.ts'
import { neverSent } from './never-sent.ts'

/** What gRPC takes HTTP/2's codes for (doc/PROTOCOL-HTTP2.md of gRPC, "Errors"); all others are INTERNAL. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  [constants.NGHTTP2_CANCEL]: 'CANCELLED',
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: 'RESOURCE_EXHAUSTED',
  [constants.NGHTTP2_INADEQUATE_SECURITY]: 'PERMISSION_DENIED',
}

/** Why a stream ended that had no status, or none that fits its messages. */
export function streamFailure(stream: ClientHttp2Stream, session: OpenSession, target: string): ServingError {
  const { rstCode, id } = stream
  // Without a number it has not left; beyond the last one the server has not looked at it (RFC 9113, section 6.8).
  if (rstCode === constants.NGHTTP2_REFUSED_STREAM || id === undefined || id > session.lastStreamId) {
    return neverSent(`${target} refused the call before it looked at it`)
  }
  if (session.http2.destroyed) {
    const reason = session.error === undefined ? '' : `: ${session.error.message}`
    return new ServingError('UNAVAILABLE', `the connection to ${target} broke off${reason}`, {
      cause: session.error,
    })
  }
  if (rstCode === constants.NGHTTP2_NO_ERROR) {
    return new ServingError('INTERNAL', `the answer of ${target} ended without a status`)
  }
  const code = CODES[rstCode ?? constants.NGHTTP2_INTERNAL_ERROR] ?? 'INTERNAL'
  return new ServingError(code, `${target} reset the call with code ${rstCode} of HTTP/2`)
}
