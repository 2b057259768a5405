import type { IncomingMessage } from 'node:http'
import type { HttpRoute } from './http-types.ts'

/** What the listener reads out of a request's line and headers, once. */
export interface RequestHead {
  readonly method: string
  /** Without the query, not decoded. */
  readonly path: string
  /** `undefined` when none matches. */
  readonly route: HttpRoute | undefined
  /** Bytes of body to come on the wire: 0 for none, `undefined` for a chunked one. */
  readonly lengthBytes: number | undefined
}

/** Reads {@link RequestHead.lengthBytes}; the parser has made sure of digits, and of only one of both headers. */
export function contentLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length']
  if (length !== undefined) return Number(length)
  return headers['transfer-encoding'] === undefined ? 0 : undefined
}
