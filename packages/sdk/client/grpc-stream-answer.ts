import { fromBinary } from '@bufbuild/protobuf'
import { ServingError } from '../errors/index.ts'
import type { InferenceResponse } from '../model/index.ts'
import { decodeInferResponse, inference } from '../protocol/index.ts'

/** Fields that only a response has: `id`, `parameters`, `outputs` and `raw_output_contents`. */
const FIRST_OWN_FIELD = 3

/**
 * Reads one message of `ModelStreamInfer`, which is one of two under the same name: the response itself,
 * or a wrapper with either an error or a response. The wrapper has no field above 2, and a response that
 * has none either is nothing but the name of a model.
 * @throws ServingError INTERNAL with the error of a wrapper; INVALID_ARGUMENT for what is no message
 */
export function decodeStreamAnswer(message: Uint8Array): InferenceResponse {
  if (message.length > 0 && hasOwnField(message)) return decodeInferResponse(message)
  const { errorMessage, inferResponse } = fromBinary(inference.ModelStreamInferResponseSchema, message, {
    readUnknownFields: false,
  })
  if (errorMessage !== '') throw new ServingError('INTERNAL', errorMessage)
  if (inferResponse === undefined) return { modelName: '', outputs: [] }
  return decodeInferResponse(innerMessage(message))
}

function hasOwnField(message: Uint8Array): boolean {
  for (const { field } of fields(message)) if (field >= FIRST_OWN_FIELD) return true
  return false
}

/** The bytes of `infer_response`: the codec reads tensors from them without a copy. */
function innerMessage(message: Uint8Array): Uint8Array {
  let inner: Uint8Array = new Uint8Array()
  for (const { field, bytes } of fields(message)) if (field === 2) inner = bytes
  return inner
}

interface Field {
  readonly field: number
  readonly bytes: Uint8Array
}

/** Both messages have length-delimited fields only; anything else is neither. */
function* fields(message: Uint8Array): Generator<Field> {
  let offset = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[offset++]
      if (byte === undefined) break
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new ServingError('INVALID_ARGUMENT', 'the message of the stream breaks off')
  }
  while (offset < message.length) {
    const tag = varint()
    if ((tag & 7) !== 2) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `the message of the stream has an unknown field ${tag >>> 3}`,
      )
    }
    const sizeBytes = varint()
    if (sizeBytes > message.length - offset) {
      throw new ServingError('INVALID_ARGUMENT', 'the message of the stream breaks off')
    }
    yield { field: tag >>> 3, bytes: message.subarray(offset, offset + sizeBytes) }
    offset += sizeBytes
  }
}
