import { ServingError } from '@millrace/sdk'
import type { Call, CheckedHeaders } from '../../dataplane/index.ts'
import type { HttpRequest } from '../../transport/index.ts'

/** An HTTP request as the data plane sees it; what its model makes headers of the response gathers here. */
export class HttpCall implements Call {
  readonly #http: HttpRequest
  readonly responseHeaders: Record<string, string> = {}

  constructor(http: HttpRequest) {
    this.#http = http
  }

  get headers(): Call['headers'] {
    return this.#http.headers
  }

  get signal(): AbortSignal {
    return this.#http.signal
  }

  get deadlineMs(): number {
    return this.#http.deadlineMs
  }

  setHeader(name: string, value: string): void {
    const key = name.toLowerCase()
    if (key === 'content-type') throw ofTheServer(name)
    checkResponseHeader(key, value)
    this.responseHeaders[key] = value
  }

  addHeaders(headers: CheckedHeaders): void {
    for (const [name, value] of headers) this.responseHeaders[name] ??= value
  }
}

/**
 * Checks a header that a model's author gave.
 * @param name in lower case
 * @throws ServingError INTERNAL for what cannot be sent, or belongs to the server
 */
export function checkResponseHeader(name: string, value: string): void {
  if (!HEADER_NAME.test(name)) throw defect(`'${name}' is not a name of a response header`)
  if (FRAMING_HEADERS.has(name)) throw ofTheServer(name)
  if (HEADER_VALUE.test(value)) return
  throw defect(
    `the value of response header '${name}' must be printable ASCII without blanks at its ends; encode other text`,
  )
}

function ofTheServer(name: string): ServingError {
  return defect(`response header '${name}' belongs to the server; a model cannot set it`)
}

function defect(message: string): ServingError {
  return new ServingError('INTERNAL', message)
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** As gRPC's metadata has it, so that a model's headers travel over either protocol. */
const HEADER_VALUE = /^(?:[!-~](?:[ -~]*[!-~])?)?$/
const FRAMING_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'inference-header-content-length',
  'transfer-encoding',
])
