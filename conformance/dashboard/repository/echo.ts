import { type InferenceRequest, Model, type ModelResponse } from '@millrace/sdk'

/** Returns its inputs. */
export class Echo extends Model {
  override predict(request: InferenceRequest): ModelResponse {
    return { outputs: request.inputs }
  }
}
