import {
  allocateData,
  BytesArray,
  type Datatype,
  type InferenceRequest,
  type NumericData,
  type NumericDatatype,
  type Tensor,
  type TensorData,
} from '@millrace/sdk'
import type { Member } from './member.ts'
import { commonParameters } from './request-parameters.ts'

/**
 * One request with the rows of all members, in their order. All have the same key, so they differ in nothing
 * but their rows, ids and wishes for the queue.
 * @throws ServingError RESOURCE_EXHAUSTED, or RangeError, when no array can hold that much
 */
export function mergeRequests(members: readonly Member[]): InferenceRequest {
  const [first, ...others] = members as [Member, ...Member[]]
  const { request } = first
  const rows = members.reduce((total, member) => total + member.rows, 0)
  return {
    modelName: request.modelName,
    modelVersion: request.modelVersion,
    parameters: commonParameters(
      request.parameters,
      first.ownParameters,
      others.map(other => other.request.parameters),
    ),
    inputs: request.inputs.map((input, index) => {
      const parts = members.map(member => member.request.inputs[index]!.data)
      return {
        ...input,
        shape: [rows, ...input.shape.slice(1)],
        data: concatenate(input.datatype, parts),
      } as Tensor
    }),
    outputs: request.outputs,
  }
}

/** The one copy that a batch costs: the rows lie in the buffers of different requests. */
function concatenate(datatype: Datatype, parts: readonly TensorData[]): TensorData {
  return datatype === 'BYTES'
    ? concatenateBytes(parts as readonly BytesArray[])
    : concatenateNumbers(datatype, parts as readonly NumericData[])
}

function concatenateBytes(parts: readonly BytesArray[]): BytesArray {
  const packed = new Uint8Array(parts.reduce((total, part) => total + part.packed().length, 0))
  let [offset, count] = [0, 0]
  for (const part of parts) {
    packed.set(part.packed(), offset)
    offset += part.packed().length
    count += part.length
  }
  return BytesArray.fromPacked(packed, count)
}

function concatenateNumbers(datatype: NumericDatatype, parts: readonly NumericData[]): NumericData {
  // All parts are of this datatype, so setting one in another is a copy of bytes; the compiler cannot see it.
  const all = allocateData(datatype, total(parts)) as Float64Array
  let offset = 0
  for (const part of parts as readonly Float64Array[]) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

function total(parts: readonly NumericData[]): number {
  return parts.reduce((length, part) => length + part.length, 0)
}
