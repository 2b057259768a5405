import { type InferenceRequest, Model } from '@millrace/sdk'

/** Answers requests of several clients together, where they fit. */
export class Joined extends Model {
  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs }
  }
}
