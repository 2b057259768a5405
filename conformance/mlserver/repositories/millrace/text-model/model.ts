import { type InferenceRequest, Model, type Tensor } from '@millrace/sdk'

/** The first text back, as `output`. */
export class Text extends Model {
  override predict({ inputs: [input] }: InferenceRequest) {
    const text = (input as Tensor<'BYTES'>).data.textAt(0)!
    return { outputs: [{ name: 'output', datatype: 'BYTES' as const, shape: [1, 1], data: [text] }] }
  }
}
