import { type InferenceRequest, Model } from '@millrace/sdk'

/** Is asked only for what it has not answered before. */
export class Kept extends Model {
  override predict({ inputs, parameters }: InferenceRequest) {
    return { outputs: inputs, parameters }
  }
}
