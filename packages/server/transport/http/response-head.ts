import type { HttpResponse } from './http-types.ts'

/** What the listener says about a response, beside the headers that the handler gave. */
export interface Framing {
  /** `undefined` for a stream, and for a status that has no body. */
  readonly lengthBytes: number | undefined
  readonly contentEncoding: string | undefined
  /** The response would have been another one with another `Accept-Encoding`. */
  readonly variesByEncoding: boolean
}

/**
 * Header names and values in turn, as `writeHead` takes them fastest. Framing belongs to the
 * listener, so a handler's `content-length`, `transfer-encoding` and `connection` are dropped.
 */
export function responseHead(
  headers: HttpResponse['headers'],
  framing: Framing,
  isClosing: boolean,
): string[] {
  const head: string[] = []
  let vary = framing.variesByEncoding ? 'Accept-Encoding' : undefined
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || isFraming(name)) continue
    if (vary !== undefined && isNamed(name, 'vary')) vary = `${value}, ${vary}`
    else head.push(name, value)
  }
  if (vary !== undefined) head.push('Vary', vary)
  if (framing.contentEncoding !== undefined) head.push('Content-Encoding', framing.contentEncoding)
  if (framing.lengthBytes !== undefined) head.push('Content-Length', String(framing.lengthBytes))
  if (isClosing) head.push('Connection', 'close')
  return head
}

/** True when the handler has encoded the body itself. */
export function hasContentEncoding(headers: HttpResponse['headers']): boolean {
  for (const name in headers) if (isNamed(name, 'content-encoding')) return true
  return false
}

function isFraming(name: string): boolean {
  return isNamed(name, 'content-length') || isNamed(name, 'transfer-encoding') || isNamed(name, 'connection')
}

function isNamed(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName
}
