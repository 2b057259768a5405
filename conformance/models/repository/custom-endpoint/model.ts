import { type InferenceRequest, Model, type ModelRoute } from '@millrace/sdk'

/**
 * Sums a list of numbers on a route of its own, as MLServer's probe model does. Its inferences answer with a
 * header among the parameters, in the way of models that were written for MLServer.
 */
export class CustomEndpoint extends Model {
  override routes = [
    {
      method: 'POST',
      path: '/my-custom-endpoint',
      handle: request => ({
        json: (request.json() as readonly number[]).reduce((sum, value) => sum + value, 0),
      }),
    },
  ] satisfies ModelRoute[]

  override predict({ inputs }: InferenceRequest) {
    return { outputs: inputs, parameters: { headers: { 'x-answer': '42' }, kept: true } }
  }
}
