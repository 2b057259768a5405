import type { IncomingMessage } from 'node:http'
import type { ServingError } from '@millrace/sdk'
import type { HttpLimits } from './http-types.ts'
import { listenerErrors } from './listener-errors.ts'
import type { RequestHead } from './request-head.ts'

/** What Node makes of a request's `Expect` header, if there is one. */
export type Expectation = 'CONTINUE' | 'UNKNOWN' | undefined

/** What stands against a request before its handler is asked, or `undefined`. */
export function objectionTo(
  { headers, httpVersion }: IncomingMessage,
  head: RequestHead,
  expectation: Expectation,
  limits: HttpLimits,
): ServingError | undefined {
  if (headers.host === undefined && httpVersion === '1.1') return listenerErrors.hostMissing()
  if (expectation === 'UNKNOWN') return listenerErrors.expectationUnknown(headers.expect ?? '')
  const transferEncoding = headers['transfer-encoding']
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked') {
    return listenerErrors.transferEncodingUnknown(transferEncoding)
  }
  const isTooLarge = head.lengthBytes !== undefined && head.lengthBytes > limits.maxBodyBytes
  return isTooLarge ? listenerErrors.bodyTooLarge(limits.maxBodyBytes) : undefined
}
