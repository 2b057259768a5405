import {
  type Datatype,
  dataBytes,
  type InferenceRequest,
  isErrorCode,
  type ModelResponse,
  type Parameters,
  type RequestContext,
  ServingError,
  type Tensor,
  type TensorSpec,
  tensorFromBytes,
} from '@millrace/sdk'
import type { Frame } from './frame.ts'

/** A request as a frame carries it; the buffers are the tensors' own memory. */
export function writeRequest(
  { id, parameters, inputs, outputs }: InferenceRequest,
  { headers, deadlineMs }: RequestContext,
): { readonly header: unknown; readonly buffers: readonly Uint8Array[] } {
  const buffers = inputs.map(tensor => dataBytes(tensor.data))
  const tensors = inputs.map((tensor, index) => [
    tensor.name,
    tensor.datatype,
    tensor.shape,
    buffers[index]!.length,
    tensor.parameters,
  ])
  const wanted =
    outputs !== undefined && outputs.length > 0
      ? outputs.map(output => [output.name, output.parameters])
      : null
  // Infinity becomes null, as does what is undefined.
  return { header: [id, parameters, headers, deadlineMs, tensors, wanted], buffers }
}

/** What the process may tell of a failure. */
export interface Failure {
  readonly error: ServingError
  /** The whole traceback, for the log. */
  readonly traceback: string | undefined
}

/** An answer; headers that the model set are given to the context. */
export function readResponse({ header, body }: Frame, context: RequestContext): ModelResponse {
  const [parameters, headers, described] = list(header)
  if (headers !== null) {
    for (const [name, value] of Object.entries(record(headers))) context.setHeader(name, text(value))
  }
  let offset = 0
  const outputs = list(described).map((item): Tensor => {
    const [name, datatype, shape, sizeBytes, tensorParameters] = list(item)
    const size = whole(sizeBytes)
    const bytes = body.subarray(offset, offset + size)
    offset += size + (-size & 7)
    // The two are checked against each other and the bytes by the SDK.
    return tensorFromBytes(
      text(name),
      text(datatype) as Datatype,
      list(shape).map(whole),
      bytes,
      toParameters(tensorParameters),
    )
  })
  return { outputs, parameters: toParameters(parameters) }
}

export function readFailure({ header }: Frame): Failure {
  const [code, message, httpStatus, traceback] = list(header)
  const options = httpStatus === null ? {} : { httpStatus: whole(httpStatus) }
  const known = isErrorCode(code) ? code : 'INTERNAL'
  return {
    error: new ServingError(known, text(message), options),
    traceback: traceback === null ? undefined : text(traceback),
  }
}

/** What a loaded model says of itself. */
export interface Description {
  readonly isReady: boolean
  /** Undefined leaves what the settings declare. */
  readonly inputs: readonly TensorSpec[] | undefined
  readonly outputs: readonly TensorSpec[] | undefined
  readonly routes: readonly { readonly method: string; readonly path: string }[]
}

export function readDescription({ header }: Frame): Description {
  const { is_ready, inputs, outputs, routes } = record(header)
  return {
    isReady: is_ready === true,
    inputs: toSpecs(inputs),
    outputs: toSpecs(outputs),
    routes: list(routes).map(route => {
      const [method, path] = list(route)
      return { method: text(method), path: text(path) }
    }),
  }
}

function toSpecs(tensors: unknown): readonly TensorSpec[] | undefined {
  if (tensors === null || list(tensors).length === 0) return undefined
  return list(tensors).map(tensor => {
    const [name, datatype, shape, parameters] = list(tensor)
    const { content_type: contentType, ...others } = toParameters(parameters) ?? {}
    return {
      name: text(name),
      datatype: text(datatype) as Datatype,
      shape: list(shape).map(whole),
      contentType: typeof contentType === 'string' ? contentType : undefined,
      parameters: Object.keys(others).length > 0 ? others : undefined,
    }
  })
}

function toParameters(value: unknown): Parameters | undefined {
  // JSON, and so made of nothing but parameter values.
  return value === null || value === undefined ? undefined : (record(value) as Parameters)
}

// What does not fit here can only come from a process that no longer keeps to the protocol.

export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`a frame has ${typeof value} where a list is expected`)
  return value
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) {
    throw new Error(`a frame has ${typeof value} where an object is expected`)
  }
  return value as Readonly<Record<string, unknown>>
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a frame has ${typeof value} where text is expected`)
  return value
}

export function whole(value: unknown): number {
  if (!Number.isSafeInteger(value))
    throw new Error(`a frame has ${String(value)} where a whole number is expected`)
  return value as number
}
