import { Buffer } from 'node:buffer'
import type { HttpResponse } from './http-types.ts'
import { STATUS_CODES } from './node-http.ts'

/**
 * A whole response in bytes, for a connection on which Node's parser has given up and that closes
 * after it. Streamed bodies have no place in errors and are left out.
 */
export function serializeResponse({ status, headers = {}, body }: HttpResponse): Uint8Array {
  const pieces = bodyPieces(body)
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`, `Date: ${new Date().toUTCString()}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  lines.push(`Content-Length: ${sizeBytes}`, 'Connection: close', '', '')
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), ...pieces])
}

function bodyPieces(body: HttpResponse['body']): readonly Uint8Array[] {
  if (body === undefined || Symbol.asyncIterator in body) return []
  return body instanceof Uint8Array ? [body] : body
}
