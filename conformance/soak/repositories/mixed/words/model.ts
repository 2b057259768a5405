import { type InferenceRequest, Model } from '@millrace/sdk'

/** Puts each text between brackets. */
export class Words extends Model {
  override predict({ inputs }: InferenceRequest) {
    const { name, shape, data } = inputs[0]!
    const texts = Array.from(data as Iterable<Uint8Array>, bytes => `[${Buffer.from(bytes).toString()}]`)
    return { outputs: [{ name, datatype: 'BYTES', shape, data: texts }] }
  }
}
