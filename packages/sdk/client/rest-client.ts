import { ServingError } from '../errors/index.ts'
import type { InferenceRequest, InferenceResponse } from '../model/index.ts'
import { parseInferResponse, serializeInferRequest } from '../protocol/index.ts'
import { eventData } from './event-stream.ts'
import { createHttpCaller, type HttpCaller, type HttpMessage } from './http-caller.ts'
import type { CallOptions, ClientOptions, InferenceClient, ModelTarget } from './inference-client.ts'
import { readMetadata } from './metadata-view.ts'
import { refusalOf } from './rest-refusal.ts'
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

class RestClient implements InferenceClient {
  readonly #isBinary: boolean | undefined
  readonly #http: HttpCaller

  constructor(options: RestClientOptions) {
    this.#isBinary = options.isBinary
    this.#http = createHttpCaller(options)
  }

  readonly infer = async (
    request: InferenceRequest,
    options: CallOptions = {},
  ): Promise<InferenceResponse> => {
    const message = this.#inferMessage(request)
    return this.#http.run(options, async call => {
      const response = await this.#http.send(`${modelPath(request)}/infer`, message, options, call)
      const body = await this.#http.readBody(response)
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
    this.#http.run(options, async call => {
      const response = await this.#http.send(modelPath(target), { method: 'GET' }, options, call)
      const body = await this.#http.readBody(response)
      if (response.status !== 200) throw refusalOf(response.status, response.headers, body)
      return readMetadata(understood(() => JSON.parse(Buffer.from(body).toString()) as unknown))
    })

  readonly isReady = (target?: ModelTarget, options: CallOptions = {}) =>
    this.#http.run(options, async call => {
      const path = target === undefined ? '/v2/health/ready' : `${modelPath(target)}/ready`
      const response = await this.#http.send(path, { method: 'GET' }, options, call)
      const body = await this.#http.readBody(response)
      if (response.status === 200) return true
      if (NOT_READY.has(response.status)) return false
      throw refusalOf(response.status, response.headers, body)
    })

  readonly close = () => this.#http.close()

  /** @param isBinary events are always JSON, so a stream asks for nothing else */
  #inferMessage(request: InferenceRequest, isBinary = this.#isBinary): HttpMessage {
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
    const call = this.#http.start(options)
    const leave = new AbortController()
    try {
      const signal = AbortSignal.any([call.signal, leave.signal])
      const path = `${modelPath(request)}/infer_stream`
      const response = await this.#http.send(path, message, options, { ...call, signal })
      if (response.status !== 200) {
        throw refusalOf(response.status, response.headers, await this.#http.readBody(response))
      }
      for await (const data of eventData(response.body ?? none(), this.#http.maxBytes)) {
        call.restart()
        throwErrorEvent(data)
        yield understood(() => parseInferResponse(data))
      }
    } catch (error) {
      throw call.failure() ?? this.#http.brokenOff(error)
    } finally {
      call.end()
      leave.abort()
    }
  }
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

/** `{"error": …}`: the status had been sent when the model failed. */
function throwErrorEvent(data: Buffer): void {
  if (!data.subarray(0, 64).toString('latin1').includes('"error"')) return
  const { error } = understood(() => JSON.parse(data.toString()) as { readonly error?: unknown })
  if (error !== undefined)
    throw new ServingError('INTERNAL', typeof error === 'string' ? error : JSON.stringify(error))
}

async function* none(): AsyncGenerator<Uint8Array, void, undefined> {}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
