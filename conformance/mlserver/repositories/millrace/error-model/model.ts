import { type InferenceRequest, Model, type ModelResponse, ServingError } from '@millrace/sdk'

/** Does not load if `parameters.load_error` is true, and never answers. With the parameter `kind: plain` it fails unforeseen. */
export class Failing extends Model {
  override load(): void {
    if (this.settings.parameters['load_error'] === true) {
      throw new ServingError('INVALID_ARGUMENT', 'something really bad happened')
    }
  }

  override predict({ parameters }: InferenceRequest): ModelResponse {
    if (parameters?.['kind'] === 'plain') throw new Error('something really bad happened')
    throw new ServingError('INVALID_ARGUMENT', 'something really bad happened')
  }
}
