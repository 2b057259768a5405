import {
  describeValue,
  type InferenceRequest,
  type InferenceResponse,
  type Parameters,
  ServingError,
} from '@millrace/sdk'
import type { Call } from './call.ts'

/** The name under which MLServer's models find a request's headers and leave those of their answer. */
const HEADERS = 'headers'

/**
 * A request without the parameter `headers`. A model's context has the headers that really came; what a client
 * writes there instead is not to be trusted by a model that looks for them in their old place.
 *
 * MLServer also puts CloudEvents headers of the request there, which nobody sent. They are not made up here: all
 * that they say is in the request and in the model's settings. Those that a client sent are headers like any other.
 */
export function withoutHeaders(request: InferenceRequest): InferenceRequest {
  const { parameters } = request
  if (parameters === undefined || !Object.hasOwn(parameters, HEADERS)) return request
  return { ...request, parameters: without(parameters) }
}

/**
 * Makes the object `headers` among the parameters of a model's answer headers of the response, and takes it out.
 * Anything but an object is a parameter like any other.
 * @throws ServingError INTERNAL for what no header can hold
 */
export function takeHeaders(response: InferenceResponse, call: Call): InferenceResponse {
  const { parameters, modelName } = response
  if (parameters === undefined || !Object.hasOwn(parameters, HEADERS)) return response
  const headers = parameters[HEADERS]
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return response
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') {
      throw new ServingError(
        'INTERNAL',
        `Model ${modelName} answered parameters.headers.${name} as ${describeValue(value)}; a header is text`,
      )
    }
    call.setHeader(name, value)
  }
  const rest = without(parameters)
  return { ...response, parameters: Object.keys(rest).length === 0 ? undefined : rest }
}

function without(parameters: Parameters): Parameters {
  const { [HEADERS]: _, ...rest } = parameters
  return rest
}
