import type { InferenceRequest } from '../../model/index.ts'
import { planMessage, writeMessage } from './message-writer.ts'
import { WireWriter } from './wire-writer.ts'

const RAW_INPUT_CONTENTS_TAG = 0x3a

/**
 * Writes an `inference.ModelInferRequest` as pieces that make it up in order. Tensors of 16 KiB and
 * more are pieces by reference, so they must not change until the pieces are sent.
 * @param isRaw `raw_input_contents` rather than typed contents; an FP16 or BF16 input forces it
 */
export function encodeInferRequest(request: InferenceRequest, isRaw: boolean): Uint8Array[] {
  const plan = planMessage(
    {
      modelName: request.modelName,
      modelVersion: request.modelVersion,
      id: request.id,
      parameters: request.parameters,
      tensors: request.inputs,
      requestedOutputs: request.outputs ?? [],
      rawTag: RAW_INPUT_CONTENTS_TAG,
    },
    isRaw,
  )
  const writer = new WireWriter(plan.copiedBytes)
  writeMessage(writer, plan)
  return writer.finish()
}
