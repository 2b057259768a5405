import { type InferenceRequest, Model, type ModelResponse } from '@millrace/sdk'

/** Returns its inputs. */
export class Echo extends Model {
  override predict(request: InferenceRequest): ModelResponse {
    return { outputs: request.inputs }
  }
}

/** Returns how many elements there were. */
export class Sink extends Model {
  override predict({ inputs }: InferenceRequest): ModelResponse {
    const count = inputs[0]?.data.length ?? 0
    return { outputs: [{ name: 'count', datatype: 'INT32', shape: [1], data: Int32Array.of(count) }] }
  }
}
