import { type InferenceRequest, Model } from '@millrace/sdk'

/** Declares one input, as raw binary requests need it. */
export class Row extends Model {
  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}
