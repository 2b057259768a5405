import { type InferenceRequest, Model } from '@millrace/sdk'

/** Answers in the server itself: no worker's end may reach it. */
export class Double extends Model {
  override predict({ inputs }: InferenceRequest) {
    const { name, shape, data } = inputs[0]!
    return {
      outputs: [
        { name, datatype: 'INT32', shape, data: Int32Array.from(data as Int32Array, value => 2 * value) },
      ],
    }
  }
}
