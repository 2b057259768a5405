import { ServingError } from '../errors/index.ts'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'
import { parseInferResponse, serializeInferRequest } from '../protocol/index.ts'
import { createConnectionPool } from './connection-pool.ts'
import { eventData } from './event-stream.ts'
import {
  type CallOptions,
  type ClientOptions,
  DEFAULT_MAX_RESPONSE_BYTES,
  DEFAULT_TIMEOUT_MS,
  type InferenceClient,
  type ModelTarget,
} from './inference-client.ts'
import { readMetadata } from './metadata-view.ts'
import { readBody } from './response-body.ts'
import { refusalOf } from './rest-refusal.ts'
import { type RunningCall, startCall } from './running-call.ts'
import { understood } from './understood-answer.ts'

const JSON_LENGTH_HEADER = 'inference-header-content-length'
/** Statuses by which servers say "not ready", besides 200 for "ready". */
const NOT_READY = new Set([400, 503])

export interface RestClientOptions extends ClientOptions {
  /** Where the server is, e.g. `http://127.0.0.1:8080`, perhaps with a path before `/v2`. */
  readonly url: string
  /** Whether tensors travel as bytes behind the JSON part (binary tensor data extension). Default false. */
  readonly isBinary?: boolean | undefined
  /** Connections at the same time; calls beyond them wait. Default 16. */
  readonly maxConnections?: number | undefined
}

/**
 * A client of the protocol's REST form, on built-in `fetch` with connections that are kept.
 * @throws ServingError INVALID_ARGUMENT for a URL or number that cannot be; UNIMPLEMENTED for `tls` where
 * the process has replaced fetch's connections
 */
export function createRestClient(options: RestClientOptions): InferenceClient {
  return new RestClient(options)
}

/** What is sent, apart from the path. */
interface Message {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

class RestClient implements InferenceClient {
  readonly #base: string
  readonly #options: RestClientOptions
  readonly #pool: ReturnType<typeof createConnectionPool>
  readonly #maxBytes: number
  #isClosed = false

  constructor(options: RestClientOptions) {
    const { tls, maxConnections = 16, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES } = options
    this.#options = options
    this.#base = baseOf(options.url, tls !== undefined)
    this.#maxBytes = maxResponseBytes
    if (!Number.isInteger(maxConnections) || maxConnections < 1) {
      throw new ServingError('INVALID_ARGUMENT', `maxConnections is ${maxConnections}; it must be at least 1`)
    }
    this.#pool = createConnectionPool(tls, maxConnections)
  }

  readonly infer = async (
    request: InferenceRequest,
    options: CallOptions = {},
  ): Promise<InferenceResponse> => {
    const message = this.#inferMessage(request)
    return this.#run(options, async call => {
      const response = await this.#send(`${modelPath(request)}/infer`, message, options, call)
      const body = await this.#readBody(response)
      if (response.status !== 200) throw refusalOf(response.status, response.headers, body)
      const length = response.headers.get(JSON_LENGTH_HEADER)
      return understood(() =>
        parseInferResponse(body, { jsonLength: length === null ? undefined : Number(length) }),
      )
    })
  }

  readonly inferStream = (request: InferenceRequest, options: CallOptions = {}) =>
    this.#stream(request, options)

  readonly modelMetadata = (target: ModelTarget, options: CallOptions = {}) =>
    this.#run(options, async call => {
      const response = await this.#send(modelPath(target), { method: 'GET' }, options, call)
      const body = await this.#readBody(response)
      if (response.status !== 200) throw refusalOf(response.status, response.headers, body)
      return readMetadata(understood(() => JSON.parse(Buffer.from(body).toString()) as unknown))
    })

  readonly isReady = (target?: ModelTarget, options: CallOptions = {}) =>
    this.#run(options, async call => {
      const path = target === undefined ? '/v2/health/ready' : `${modelPath(target)}/ready`
      const response = await this.#send(path, { method: 'GET' }, options, call)
      const body = await this.#readBody(response)
      if (response.status === 200) return true
      if (NOT_READY.has(response.status)) return false
      throw refusalOf(response.status, response.headers, body)
    })

  readonly close = (): Promise<void> => {
    this.#isClosed = true
    return this.#pool.close()
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  }

  /** @param isBinary events are always JSON, so a stream asks for nothing else */
  #inferMessage(request: InferenceRequest, isBinary = this.#options.isBinary): Message {
    const { pieces, jsonLength, contentType } = serializeInferRequest(request, { isBinary })
    return {
      method: 'POST',
      headers: {
        'content-type': contentType,
        ...(jsonLength === undefined ? {} : { [JSON_LENGTH_HEADER]: String(jsonLength) }),
      },
      // `fetch` takes one body; in several pieces it would be chunked, which some servers refuse.
      body: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces),
    }
  }

  async *#stream(
    request: InferenceRequest,
    options: CallOptions,
  ): AsyncGenerator<InferenceResponse, void, undefined> {
    const message = this.#inferMessage(request, false)
    const call = startCall(options, this.#timeoutMs)
    const leave = new AbortController()
    try {
      const signal = AbortSignal.any([call.signal, leave.signal])
      const path = `${modelPath(request)}/infer_stream`
      const response = await this.#send(path, message, options, { ...call, signal })
      if (response.status !== 200) {
        throw refusalOf(response.status, response.headers, await this.#readBody(response))
      }
      for await (const data of eventData(response.body ?? none(), this.#maxBytes)) {
        call.restart()
        throwErrorEvent(data)
        yield understood(() => parseInferResponse(data))
      }
    } catch (error) {
      throw call.failure() ?? this.#brokenOff(error)
    } finally {
      call.end()
      leave.abort()
    }
  }

  async #run<T>(options: CallOptions, work: (call: RunningCall) => Promise<T>): Promise<T> {
    const call = startCall(options, this.#timeoutMs)
    try {
      return await work(call)
    } catch (error) {
      throw call.failure() ?? this.#brokenOff(error)
    } finally {
      call.end()
    }
  }

  async #send(path: string, message: Message, options: CallOptions, call: RunningCall): Promise<Response> {
    if (this.#isClosed) throw new ServingError('FAILED_PRECONDITION', 'the client is closed')
    const { dispatcher } = this.#pool
    const init: RequestInit = {
      method: message.method,
      headers: headersOf(this.#options.headers, options.headers, message.headers),
      signal: call.signal,
      // A redirect would take headers, which may be secrets, and bodies to who knows where.
      redirect: 'manual',
      ...(message.body === undefined ? {} : { body: message.body as Uint8Array<ArrayBuffer> }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    }
    try {
      return await fetch(`${this.#base}${path}`, init)
    } catch (error) {
      throw call.failure() ?? this.#unreachable(error)
    }
  }

  #readBody({ body, headers }: Response): Promise<Uint8Array> {
    return readBody(body, Number(headers.get('content-length') ?? Number.NaN), this.#maxBytes)
  }

  #unreachable(error: unknown): ServingError {
    const reason = reasonOf(error)
    return new ServingError('UNAVAILABLE', `${this.#base} cannot be reached: ${reason}`, { cause: error })
  }

  /** The status has come, the body has not. */
  #brokenOff(error: unknown): ServingError {
    if (ServingError.is(error)) return error
    const reason = reasonOf(error)
    return new ServingError('UNAVAILABLE', `the answer of ${this.#base} broke off: ${reason}`, {
      cause: error,
    })
  }
}

function baseOf(text: string, hasTls: boolean): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid(`url is '${text}'; expected http://HOST:PORT or https://HOST:PORT`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('url has a user name or password; send them as the header authorization')
  }
  if (url.search !== '' || url.hash !== '') throw invalid(`url '${text}' must not have a query or fragment`)
  if (hasTls && url.protocol === 'http:') throw invalid(`tls options need a url with https://, got '${text}'`)
  return url.origin + url.pathname.replace(/\/+$/, '')
}

/** @throws ServingError INVALID_ARGUMENT for names that a URL takes as steps of its path */
function modelPath({ modelName, modelVersion }: ModelTarget): string {
  const version = modelVersion === undefined || modelVersion === '' ? undefined : modelVersion
  for (const step of [modelName, version]) {
    if (step === '' || step === '.' || step === '..')
      throw invalid(`'${step}' cannot name a model or version`)
  }
  const path = `/v2/models/${encodeURIComponent(modelName)}`
  return version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`
}

/** Later ones win, however their names are written. */
function headersOf(...all: readonly (Readonly<Record<string, string>> | undefined)[]): Headers {
  const headers = new Headers()
  for (const [name, value] of all.flatMap(some => Object.entries(some ?? {}))) {
    try {
      headers.set(name, value)
    } catch (error) {
      throw new ServingError('INVALID_ARGUMENT', `header '${name}' cannot travel over HTTP`, { cause: error })
    }
  }
  return headers
}

/** `{"error": …}`: the status had been sent when the model failed. */
function throwErrorEvent(data: Buffer): void {
  if (!data.subarray(0, 64).toString('latin1').includes('"error"')) return
  const { error } = understood(() => JSON.parse(data.toString()) as { readonly error?: unknown })
  if (error !== undefined)
    throw new ServingError('INTERNAL', typeof error === 'string' ? error : JSON.stringify(error))
}

/** `fetch` wraps what happened, sometimes in a list of one reason for each address it tried. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown }
  const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown }
  const words = typeof message === 'string' && message !== '' ? message : ''
  if (typeof code !== 'string') return words === '' ? String(cause) : words
  return words === '' || words.includes(code) ? words || code : `${words} (${code})`
}

async function* none(): AsyncGenerator<Uint8Array, void, undefined> {}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
