import { randomUUID } from 'node:crypto'
import { type InferenceRequest, ServingError, type TensorSpec } from '@millrace/sdk'
import { parseInferRequest, serializeInferEvent, serializeInferResponse } from '@millrace/sdk/protocol'
import type { DataPlane } from '../../dataplane/index.ts'
import type { HttpHandler, HttpRequest } from '../../transport/index.ts'
import { eventStream, one } from './event-stream.ts'
import { HttpCall } from './http-call.ts'

/** Says where the JSON ends and the binary tensors begin (binary tensor data extension). */
export const JSON_LENGTH_HEADER = 'inference-header-content-length'

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
    // Models copy what must outlive the request (see `Tensor`), and the response cache does.
    return { status: 200, headers, body: pieces, isRequestBodyDone: true }
  }
}

/** `POST …/infer_stream`: one server-sent event per response. */
export function inferStreamHandler(dataPlane: DataPlane): HttpHandler {
  return async http => {
    const request = await readRequest(http, dataPlane)
    const call = new HttpCall(http)
    const target = { modelName: request.modelName, modelVersion: request.modelVersion }
    return eventStream(dataPlane.inferStream(target, one(request), call), call, serializeInferEvent)
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
    ...(jsonLength === 0 ? { rawInput: await declaredInputs(http, dataPlane) } : {}),
  })
  // MLServer gives every REST request an id; an empty one is the client's choice and stays.
  return request.id === undefined ? { ...request, id: randomUUID() } : request
}

async function declaredInputs(http: HttpRequest, dataPlane: DataPlane): Promise<readonly TensorSpec[]> {
  const { inputs } = await dataPlane.modelMetadata(http.params['model']!, http.params['version'], http.signal)
  return inputs
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
