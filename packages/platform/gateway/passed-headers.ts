import { randomUUID } from 'node:crypto'

/** Headers that say which larger work a request belongs to, and what servables are told of it. */
const PASSED = [
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'x-ot-span-context',
]

/** Longer ones are nobody's. */
const MAX_ID_LENGTH = 256
const MAX_VALUE_LENGTH = 4096
const PRINTABLE = /^[\x20-\x7e]+$/

/** What identifies a request over all servables that it reaches. */
interface PassedHeaders {
  readonly requestId: string
  readonly headers: Readonly<Record<string, string>>
}

/** The headers for servables; a request without an id of its own gets one. What gRPC cannot carry is left out. */
export function passedHeaders(received: Readonly<{ [name: string]: string }>): PassedHeaders {
  const given = received['x-request-id']
  const requestId = given !== undefined && isCarried(given, MAX_ID_LENGTH) ? given : randomUUID()
  const headers: Record<string, string> = { 'x-request-id': requestId }
  for (const name of PASSED) {
    const value = received[name]
    if (value !== undefined && isCarried(value, MAX_VALUE_LENGTH)) headers[name] = value
  }
  return { requestId, headers }
}

function isCarried(value: string, maxLength: number): boolean {
  return value.length <= maxLength && PRINTABLE.test(value)
}
