import { type InferenceRequest, Model, type TensorLike } from '@millrace/sdk'

/**
 * Declares a pair. Answers with three elements; with `disagree` in the first input, with a shape that
 * its own data does not have.
 */
export class WrongShape extends Model {
  override predict({ inputs: [input] }: InferenceRequest) {
    const isDisagreeing = input?.datatype === 'BYTES' && input.data.textAt(0) === 'disagree'
    const shape = isDisagreeing ? [2] : [3]
    const pair: TensorLike = { name: 'pair', datatype: 'FP32', shape, data: Float32Array.of(1, 2, 3) }
    return { outputs: [pair] }
  }
}
