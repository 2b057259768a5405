import { type InferenceRequest, Model } from '@millrace/sdk'

/** Loads, and says that it is not ready. */
export class Unready extends Model {
  override load(): boolean {
    return false
  }

  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}
