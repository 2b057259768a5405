import { type InferenceRequest, Model, type ModelResponse } from '@millrace/sdk'

/**
 * Answers with its inputs and its parameters, under an id of its own. The parameter `special` asks for an output with
 * NaN and the infinities.
 */
export class Echo extends Model {
  override predict({ inputs, parameters = {} }: InferenceRequest): ModelResponse & { id: string } {
    const answer = { id: 'chosen-by-the-model', parameters, outputs: inputs }
    if (parameters['special'] === true) {
      const data = Float64Array.of(Number.NaN, Infinity, -Infinity, 1.5)
      return { ...answer, outputs: [{ name: 'special', datatype: 'FP64', shape: [4], data }] }
    }
    return answer
  }
}
