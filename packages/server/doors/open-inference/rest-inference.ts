import { randomUUID } from 'node:crypto'
import { type InferenceRequest, type InferenceResponse, ServingError, type TensorSpec } from '@millrace/sdk'
import {
  parseInferRequest,
  serializeErrorEvent,
  serializeInferEvent,
  serializeInferResponse,
} from '@millrace/sdk/protocol'
import type { Call, DataPlane } from '../../dataplane/index.ts'
import type { HttpHandler, HttpRequest } from '../../transport/index.ts'

/** Says where the JSON ends and the binary tensors begin (binary tensor data extension). */
const JSON_LENGTH_HEADER = 'inference-header-content-length'

/** `POST /v2/models/{m}[/versions/{v}]/infer`. */
export function inferHandler(dataPlane: DataPlane): HttpHandler {
  return async http => {
    const request = await readRequest(http, dataPlane)
    const call = new HttpCall(http)
    const response = await dataPlane.infer(request, call)
    const { pieces, jsonLength, contentType } = serializeInferResponse(response, request)
    const headers = call.responseHeaders
    headers['content-type'] = contentType
    if (jsonLength !== undefined) headers[JSON_LENGTH_HEADER] = String(jsonLength)
    return { status: 200, headers, body: pieces }
  }
}

/**
 * `POST …/infer_stream`: one server-sent event per response, flushed as it is made. What fails
 * before the first response is an ordinary error response; what fails later is an error event,
 * because the status has been sent.
 */
export function inferStreamHandler(dataPlane: DataPlane): HttpHandler {
  return async http => {
    const request = await readRequest(http, dataPlane)
    const call = new HttpCall(http)
    const target = { modelName: request.modelName, modelVersion: request.modelVersion }
    const responses = dataPlane.inferStream(target, one(request), call)
    const events = eventsOf(responses)[Symbol.asyncIterator]()
    const first = await events.next()
    const headers = call.responseHeaders
    headers['content-type'] = 'text/event-stream; charset=utf-8'
    headers['cache-control'] = 'no-cache'
    return { status: 200, headers, body: withErrorEvent(first, events) }
  }
}

async function* one<T>(value: T): AsyncIterable<T> {
  yield value
}

async function* eventsOf(responses: AsyncIterable<InferenceResponse>): AsyncIterable<Uint8Array> {
  for await (const response of responses) yield serializeInferEvent(response)
}

async function* withErrorEvent(
  first: IteratorResult<Uint8Array>,
  events: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await events.next()) yield next.value
  } catch (error) {
    const { message } = ServingError.from(error, "unexpected error; the server's log has it")
    yield serializeErrorEvent({ message })
  } finally {
    // Also reached when the client leaves: the model's generator is then closed where it waits.
    await events.return?.()
  }
}

async function readRequest(http: HttpRequest, dataPlane: DataPlane): Promise<InferenceRequest> {
  const jsonLength = readJsonLength(http.headers[JSON_LENGTH_HEADER])
  const body = await http.body(jsonLength)
  const modelName = http.params['model']!
  const modelVersion = http.params['version']
  const request = parseInferRequest(body, {
    modelName,
    ...(modelVersion === undefined ? {} : { modelVersion }),
    ...(jsonLength === undefined ? {} : { jsonLength }),
    ...(jsonLength === 0 ? { rawInput: declaredInputs(dataPlane, modelName, modelVersion) } : {}),
  })
  // MLServer gives every REST request an id; an empty one is the client's choice and stays.
  return request.id === undefined ? { ...request, id: randomUUID() } : request
}

function declaredInputs(
  dataPlane: DataPlane,
  name: string,
  version: string | undefined,
): readonly TensorSpec[] {
  return dataPlane.modelMetadata(name, version).inputs
}

function readJsonLength(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN
  if (Number.isNaN(length)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `header Inference-Header-Content-Length is '${header}'; it must be the length of the JSON part in bytes`,
    )
  }
  return length
}

/** An HTTP request as the data plane sees it. */
class HttpCall implements Call {
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
    if (!HEADER_NAME.test(key)) throw defect(`'${name}' is not a name of a response header`)
    if (FRAMING_HEADERS.has(key)) {
      throw defect(`response header '${name}' belongs to the server; a model cannot set it`)
    }
    if (!HEADER_VALUE.test(value)) {
      throw defect(
        `the value of response header '${name}' must be printable ASCII without blanks at its ends; encode other text`,
      )
    }
    this.responseHeaders[key] = value
  }
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
  'content-type',
  JSON_LENGTH_HEADER,
  'transfer-encoding',
])
