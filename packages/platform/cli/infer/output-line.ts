import { type InferenceResponse, ServingError, type Violation } from '@millrace/sdk'
import { serializeInferResponse } from '@millrace/sdk/protocol'
import type { LineRequest } from './line-request.ts'

/** What a line without an answer failed at. */
export type LineFailure = 'preprocessing error' | 'inference error' | 'postprocessing error'

const LINE_FEED = Buffer.from('\n')

/**
 * The line of an answer.
 * @param inferenceId the id of the request that was sent, which may have been for several lines
 * @throws ServingError INVALID_ARGUMENT for outputs that JSON cannot carry: BF16, bytes that are not text
 */
export function answerLine(line: LineRequest, response: InferenceResponse, inferenceId: string): Buffer {
  const parameters = { ...response.parameters, batch_index: line.index, inference_id: inferenceId }
  const { pieces } = serializeInferResponse(
    { ...response, id: line.request.id, parameters },
    { modelName: '', inputs: [] },
  )
  return Buffer.concat([...pieces, LINE_FEED])
}

/** The line of a failure. */
export function failureLine(index: number, status: LineFailure, msg: string | readonly Violation[]): Buffer {
  const line = { parameters: { batch_index: index }, error: { status, msg } }
  const text = JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  return Buffer.from(`${text}\n`)
}

/** What an output file says of one line. */
export interface AnsweredLine {
  readonly index: number
  /** Undefined: an answer. */
  readonly failure: string | undefined
}

/** @throws ServingError INVALID_ARGUMENT for a line that is neither an answer nor a failure */
export function readAnsweredLine(bytes: Uint8Array): AnsweredLine {
  const { parameters, error } = parsed(bytes)
  const index = parameters?.batch_index
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) {
    throw new ServingError('INVALID_ARGUMENT', 'there is no parameters.batch_index of at least 0')
  }
  return { index, failure: error === undefined || error === null ? undefined : String(error.status) }
}

interface LineView {
  readonly parameters?: { readonly batch_index?: unknown }
  readonly error?: { readonly status?: unknown } | null
}

function parsed(bytes: Uint8Array): LineView {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below, like every other text that is no object.
  }
  throw new ServingError('INVALID_ARGUMENT', 'it is not a JSON object')
}
