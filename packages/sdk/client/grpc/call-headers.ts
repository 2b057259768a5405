import type { OutgoingHttpHeaders } from 'node:http2'
import { ServingError } from '../../errors/index.ts'

/** What the transport says itself, and what HTTP/2 has no place for (RFC 9113, section 8.2.2). */
const OWN_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

const MAX_TIMEOUT_DIGITS = 99_999_999

/** Headers of one caller's request, by lower-case name. */
export type MetadataFields = Readonly<Record<string, string>>

/**
 * Checks what a caller wants to send.
 * @throws ServingError INVALID_ARGUMENT for headers that gRPC cannot carry
 */
export function toMetadataFields(headers: Readonly<Record<string, string>> | undefined): MetadataFields {
  const fields: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]!
    const field = name.toLowerCase()
    if (!/^[0-9a-z_.-]+$/.test(field) || OWN_HEADERS.has(field) || !isCarried(field, value)) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `header '${name}' cannot travel over gRPC: names are letters, digits, '-', '_' and '.', and none of the transport's own, values printable ASCII, or base64 if the name ends in '-bin'`,
      )
    }
    fields[field] = value
  }
  return fields
}

function isCarried(field: string, value: unknown): boolean {
  if (typeof value !== 'string') return false
  return field.endsWith('-bin') ? /^[0-9A-Za-z+/,]*={0,2}$/.test(value) : /^[ -~]*$/.test(value)
}

/** The headers of every call of one method. */
export class MethodHeaders {
  readonly #fixed: OutgoingHttpHeaders
  readonly #metadata: MetadataFields
  #timeoutMs = -1
  #timed: OutgoingHttpHeaders = {}

  constructor(path: string, scheme: string, authority: string, metadata: MetadataFields) {
    this.#metadata = metadata
    this.#fixed = {
      ':method': 'POST',
      ':path': path,
      ':scheme': scheme,
      ':authority': authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'grpc-millrace',
      'grpc-accept-encoding': 'identity,deflate,gzip',
    }
  }

  /** Kept from one call to the next, as long as they have the same timeout and no headers of their own. */
  of(timeoutMs: number, own: MetadataFields | undefined): OutgoingHttpHeaders {
    if (own !== undefined) {
      return { ...this.#fixed, 'grpc-timeout': formatTimeout(timeoutMs), ...this.#metadata, ...own }
    }
    if (timeoutMs !== this.#timeoutMs) {
      this.#timeoutMs = timeoutMs
      this.#timed = { ...this.#fixed, 'grpc-timeout': formatTimeout(timeoutMs), ...this.#metadata }
    }
    return this.#timed
  }
}

/** As gRPC writes it: up to eight digits and a unit. Never less than what is left, so that our clock goes off first. */
export function formatTimeout(timeoutMs: number): string {
  const wholeMs = Math.ceil(timeoutMs)
  if (wholeMs <= MAX_TIMEOUT_DIGITS) return `${wholeMs}m`
  const seconds = Math.ceil(timeoutMs / 1000)
  return seconds <= MAX_TIMEOUT_DIGITS ? `${seconds}S` : `${MAX_TIMEOUT_DIGITS}H`
}
