import { exampleInputs, ServingError, type TensorSpec } from '@millrace/sdk'
import { serializeInferRequest } from '@millrace/sdk/protocol'
import { findTextInput } from '../generate-mapping.ts'

/** A page is for reading: the example of an image would be longer than everything else on it. */
const MAX_ELEMENTS = 1024

/**
 * A request that satisfies the declared inputs, as the JSON of its body; `undefined` for none, for one that
 * would be too long to read, and for one that only binary data can express.
 */
export function exampleRequest(inputs: readonly TensorSpec[]): object | undefined {
  if (inputs.length === 0 || elementsOf(inputs) > MAX_ELEMENTS) return undefined
  try {
    const { pieces } = serializeInferRequest({ modelName: '', inputs: exampleInputs(inputs) })
    return JSON.parse(Buffer.concat(pieces).toString()) as object
  } catch (error) {
    if (ServingError.is(error)) return undefined
    throw error
  }
}

/** The same in the form of the generate extension, for a model with a place for its text and no other input. */
export function exampleGenerate(inputs: readonly TensorSpec[]): object | undefined {
  const text = findTextInput(inputs)
  const isComplete = inputs.every(input => input === text || input.isOptional === true)
  return text !== undefined && isComplete ? { text_input: 'example' } : undefined
}

function elementsOf(inputs: readonly TensorSpec[]): number {
  return inputs.reduce(
    (total, { shape }) =>
      total + shape.reduce((product, extent) => product * (extent === -1 ? 1 : extent), 1),
    0,
  )
}
