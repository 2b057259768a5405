import { type InferenceRequest, Model } from '@millrace/sdk'

/** Is not only reloaded, but unloaded for a while. */
export class Spare extends Model {
  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}
