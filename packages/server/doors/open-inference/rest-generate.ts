import type { InferenceRequest, InferenceResponse } from '@millrace/sdk'
import {
  parseGenerateRequest,
  serializeGenerateEvent,
  serializeGenerateResponse,
} from '@millrace/sdk/protocol'
import type { DataPlane } from '../../dataplane/index.ts'
import type { HttpHandler, HttpRequest } from '../../transport/index.ts'
import { eventStream, one } from './event-stream.ts'
import { toInferenceRequest, withTextOutput } from './generate-mapping.ts'
import { HttpCall } from './http-call.ts'
import { JSON_LENGTH_HEADER } from './rest-inference.ts'

/**
 * `POST …/generate`: Triton's extension for a body with `text_input`, and another word for `infer`, as
 * MLServer has it, for any other.
 */
export function generateHandler(dataPlane: DataPlane, infer: HttpHandler): HttpHandler {
  return async http => {
    const request = await readGenerate(http, dataPlane)
    if (request === null) return infer(http)
    const call = new HttpCall(http)
    const response = withTextOutput(await dataPlane.infer(request, call))
    call.responseHeaders['content-type'] = 'application/json'
    return { status: 200, headers: call.responseHeaders, body: serializeGenerateResponse(response) }
  }
}

/** `POST …/generate_stream`: the same, with an event for each answer. */
export function generateStreamHandler(dataPlane: DataPlane, inferStream: HttpHandler): HttpHandler {
  return async http => {
    const request = await readGenerate(http, dataPlane)
    if (request === null) return inferStream(http)
    const call = new HttpCall(http)
    const target = { modelName: request.modelName, modelVersion: request.modelVersion }
    return eventStream(dataPlane.inferStream(target, one(request), call), call, toEvent)
  }
}

function toEvent(response: InferenceResponse): Uint8Array {
  return serializeGenerateEvent(withTextOutput(response))
}

/** `null` for an inference request: its handler reads the body again, which is there already. */
async function readGenerate(http: HttpRequest, dataPlane: DataPlane): Promise<InferenceRequest | null> {
  if (http.headers[JSON_LENGTH_HEADER] !== undefined) return null
  const generate = parseGenerateRequest(await http.body())
  if (generate === null) return null
  const modelName = http.params['model']!
  const modelVersion = http.params['version']
  const { inputs } = await dataPlane.modelMetadata(modelName, modelVersion, http.signal)
  return toInferenceRequest(generate, { modelName, modelVersion }, inputs)
}
