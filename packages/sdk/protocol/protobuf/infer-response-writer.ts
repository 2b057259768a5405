import type { InferenceResponse } from '../../model/index.ts'
import { type MessagePlan, planMessage, writeMessage } from './message-writer.ts'
import { fieldSize, textFieldSize, varintSize } from './wire-sizes.ts'
import { WireWriter } from './wire-writer.ts'

const RAW_OUTPUT_CONTENTS_TAG = 0x32

// Fields of ModelStreamInferResponse, and of the ModelInferResponse in it.
const ERROR_MESSAGE_TAG = 0x0a
const INFER_RESPONSE_TAG = 0x12
const ID_TAG = 0x1a

/**
 * Writes an `inference.ModelInferResponse` as pieces that make it up in order. Tensors of 16 KiB and
 * more are pieces by reference, so they must not change until the pieces are sent.
 * @param isRaw `raw_output_contents` rather than typed contents, as the request had it; an FP16 or
 * BF16 output forces it for all
 */
export function encodeInferResponse(response: InferenceResponse, isRaw: boolean): Uint8Array[] {
  const plan = planResponse(response, isRaw)
  const writer = new WireWriter(plan.copiedBytes)
  writeMessage(writer, plan)
  return writer.finish()
}

/** As {@link encodeInferResponse}, in Triton's `inference.ModelStreamInferResponse`. */
export function encodeStreamResponse(response: InferenceResponse, isRaw: boolean): Uint8Array[] {
  const plan = planResponse(response, isRaw)
  const writer = new WireWriter(1 + varintSize(plan.sizeBytes) + plan.copiedBytes)
  writer.head(INFER_RESPONSE_TAG, plan.sizeBytes)
  writeMessage(writer, plan)
  return writer.finish()
}

/**
 * Writes the failure of one request of a stream as Triton's `inference.ModelStreamInferResponse`.
 * @param message must not be empty: clients take an empty one for success
 * @param id of the request that failed, by which the client finds it
 */
export function encodeStreamError(message: string, id?: string): Uint8Array[] {
  const text = message === '' ? 'the request failed without a message' : message
  const idBytes = textFieldSize(id)
  const writer = new WireWriter(textFieldSize(text) + (idBytes === 0 ? 0 : fieldSize(idBytes)))
  writer.textField(ERROR_MESSAGE_TAG, text)
  if (idBytes > 0) {
    writer.head(INFER_RESPONSE_TAG, idBytes)
    writer.textField(ID_TAG, id)
  }
  return writer.finish()
}

function planResponse(response: InferenceResponse, isRaw: boolean): MessagePlan {
  return planMessage(
    {
      modelName: response.modelName,
      modelVersion: response.modelVersion,
      id: response.id,
      parameters: response.parameters,
      tensors: response.outputs,
      requestedOutputs: [],
      rawTag: RAW_OUTPUT_CONTENTS_TAG,
    },
    isRaw,
  )
}
