import { type InferenceRequest, Model } from '@millrace/sdk'

/** Has a worker, a batcher and a cache before it. */
export class Apart extends Model {
  override predict({ inputs, parameters }: InferenceRequest) {
    return { outputs: inputs, parameters }
  }
}
