import { type InferenceRequest, Model } from '@millrace/sdk'

/** Answers with what it was asked: any number of tensors of any kind, and the parameters. */
export class Echo extends Model {
  override predict({ inputs, parameters }: InferenceRequest) {
    return { outputs: inputs, parameters }
  }
}
