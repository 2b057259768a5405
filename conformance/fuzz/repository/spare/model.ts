import { type InferenceRequest, Model } from '@millrace/sdk'

/** Is loaded and unloaded all the time; no other input depends on it. */
export class Spare extends Model {
  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}
