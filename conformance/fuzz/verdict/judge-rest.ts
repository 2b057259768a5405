import { gunzipSync, inflateSync } from 'node:zlib'
import type { Http1Reply } from '../wire/http1-reply.ts'

/** Beside all of 4xx: not offered, overloaded or not ready, too slow. 500 would be a defect. */
const DOCUMENTED_5XX: ReadonlySet<number> = new Set([501, 503, 504])

/** What the server says when it did not know what it was doing. */
export const DEFECT_TEXT = /unexpected error|failed unexpectedly|could not be (?:held|read)|failed to say how/

/**
 * What is wrong with an answer of the REST port, whatever the request was.
 * @param request the method and the path, where they are known
 */
export function judgeRest(
  reply: Http1Reply,
  request: { readonly method: string; readonly target: string } | undefined,
): string | undefined {
  const { status, headers } = reply
  const isSuccess = status >= 200 && status < 300
  const isAllowed = isSuccess || (status >= 400 && status < 500) || DOCUMENTED_5XX.has(status)
  if (!isAllowed) return `status ${status}: ${reply.body.toString().slice(0, 300)}`
  if (request?.method === 'HEAD') return undefined
  // Health checks say it all with their status.
  if (
    status === 503 &&
    reply.body.length === 0 &&
    request !== undefined &&
    /ready\/?(?:\?|$)/.test(request.target)
  )
    return undefined
  try {
    const body = decode(reply.body, headers.get('content-encoding'))
    if (!isSuccess) return judgeError(status, body)
    return judgeSuccess(body, headers)
  } catch (error) {
    return `status ${status} with an unreadable body: ${String(error)}: ${reply.body.toString().slice(0, 200)}`
  }
}

function judgeError(status: number, body: Buffer): string | undefined {
  const content: unknown = JSON.parse(utf8(body))
  const message =
    typeof content === 'object' && content !== null && 'error' in content ? content.error : undefined
  if (typeof message !== 'string' || message === '')
    return `status ${status} without 'error' in ${body.toString().slice(0, 200)}`
  return DEFECT_TEXT.test(message) ? `status ${status} blames the server: ${message}` : undefined
}

function judgeSuccess(body: Buffer, headers: ReadonlyMap<string, string>): string | undefined {
  const type = headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) return judgeEvents(utf8(body))
  const jsonLength = headers.get('inference-header-content-length')
  if (jsonLength !== undefined) return judgeBinary(body, jsonLength)
  if (body.length === 0) return undefined
  if (type !== 'application/json') return `a success of type '${type}'`
  JSON.parse(utf8(body))
  return undefined
}

function judgeBinary(body: Buffer, jsonLength: string): string | undefined {
  const length = Number(jsonLength)
  if (!Number.isInteger(length) || length > body.length)
    return `inference-header-content-length '${jsonLength}' of ${body.length} bytes`
  const { outputs } = JSON.parse(utf8(body.subarray(0, length))) as {
    readonly outputs: readonly { readonly parameters?: { readonly binary_data_size?: number } }[]
  }
  const announced = outputs.reduce((sum, { parameters }) => sum + (parameters?.binary_data_size ?? 0), 0)
  const sent = body.length - length
  return announced === sent
    ? undefined
    : `binary outputs of ${announced} bytes are announced, ${sent} were sent`
}

function judgeEvents(text: string): string | undefined {
  if (!text.endsWith('\n\n')) return 'the last server-sent event does not end'
  for (const event of text.slice(0, -2).split('\n\n')) {
    // A dot would stop at U+2028, which ends no line here.
    const data = /^data: ([^\r\n]*)$/.exec(event)?.[1]
    if (data === undefined) return `server-sent event ${JSON.stringify(event.slice(0, 200))}`
    JSON.parse(data)
    if (DEFECT_TEXT.test(data)) return `a server-sent event blames the server: ${data.slice(0, 300)}`
  }
  return undefined
}

function decode(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined) return body
  return encoding === 'gzip' ? gunzipSync(body) : inflateSync(body)
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
