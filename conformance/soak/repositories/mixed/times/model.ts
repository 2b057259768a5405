import { type InferenceRequest, Model } from '@millrace/sdk'

/** Multiplies by the number of its version. */
export class Times extends Model {
  override predict({ inputs }: InferenceRequest) {
    const { name, shape, data } = inputs[0]!
    const factor = Number(this.settings.version)
    return {
      outputs: [
        {
          name,
          datatype: 'INT32',
          shape,
          data: Int32Array.from(data as Int32Array, value => factor * value),
        },
      ],
    }
  }
}
