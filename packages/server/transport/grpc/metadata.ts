import type { IncomingHttpHeaders } from 'node:http2'
import { ServingError } from '@millrace/sdk'

/** Headers that steer the transport and say nothing to a handler. */
const TRANSPORT_HEADERS = new Set([
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-timeout',
  'te',
])

/** Fields that HTTP/2 forbids (RFC 9113, section 8.2.2), or whose meaning is fixed. */
const FORBIDDEN_TRAILERS = new Set([
  'connection',
  'content-length',
  'content-type',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Clients limit the size of header lists, some to 8 KiB; the status has to fit in beside these. */
const MAX_TRAILERS_BYTES = 4096
/** What a field counts for beyond its name and value (RFC 9113, section 6.5.2). */
const FIELD_OVERHEAD_BYTES = 32

/** The headers of a call that are its caller's metadata. */
export function toMetadata(headers: IncomingHttpHeaders): { [name: string]: string } {
  // Without a prototype: a caller chooses the names.
  const metadata = Object.create(null) as { [name: string]: string }
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || TRANSPORT_HEADERS.has(name)) continue
    metadata[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return metadata
}

/** Trailing metadata that a handler set. */
export class Trailers {
  readonly #values = new Map<string, string>()
  #sizeBytes = 0
  /** Fields that were checked when they were made. */
  added: readonly (readonly [name: string, value: string])[] = []

  /** @throws ServingError INTERNAL for what cannot be sent, so that the handler's author sees it */
  set(name: string, value: string): void {
    const field = name.toLowerCase()
    if (!/^[0-9a-z_.-]+$/.test(field)) {
      throw defect(
        `'${name}' is not a name of trailing metadata; allowed are letters, digits, '_', '-' and '.'`,
      )
    }
    if (field.startsWith('grpc-') || FORBIDDEN_TRAILERS.has(field)) {
      throw defect(`'${field}' is reserved and cannot be set as trailing metadata`)
    }
    if (!/^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(value)) {
      throw defect(
        `the value of trailing metadata '${field}' must be printable ASCII without blanks at its ends; ` +
          "encode other bytes as base64 under a name that ends in '-bin'",
      )
    }
    const previous = this.#values.get(field)
    const previousBytes = previous === undefined ? 0 : sizeBytes(field, previous)
    const total = this.#sizeBytes - previousBytes + sizeBytes(field, value)
    if (total > MAX_TRAILERS_BYTES) {
      throw defect(
        `trailing metadata would take ${total} bytes with '${field}'; allowed are ${MAX_TRAILERS_BYTES}`,
      )
    }
    this.#sizeBytes = total
    this.#values.set(field, value)
  }

  /** Of two with one name the later counts. */
  entries(): Iterable<readonly [string, string]> {
    return this.added.length === 0 ? this.#values.entries() : [...this.added, ...this.#values]
  }
}

function sizeBytes(name: string, value: string): number {
  return name.length + value.length + FIELD_OVERHEAD_BYTES
}

function defect(message: string): ServingError {
  return new ServingError('INTERNAL', message)
}
