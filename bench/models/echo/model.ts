import { type InferenceRequest, Model, type ModelResponse } from '@millrace/sdk'

/** Returns its inputs, so that what is measured is the server. */
export class Echo extends Model {
  override predict(request: InferenceRequest): ModelResponse {
    return { outputs: request.inputs }
  }
}
