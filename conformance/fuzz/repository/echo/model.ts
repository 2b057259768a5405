import { type InferenceRequest, Model } from '@millrace/sdk'

/** Answers with what it was asked: whatever is let in must be fit to go out again. */
export class Echo extends Model {
  override predict({ inputs, parameters }: InferenceRequest) {
    return { outputs: inputs, parameters }
  }
}
