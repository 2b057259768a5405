import { type InferenceRequest, Model, type ModelResponse } from '@millrace/sdk'

/** What one call takes, however many rows it has: like an accelerator that is far from full. */
const CALL_MS = 2

/** Returns its inputs after a fixed time of work. */
export class FixedCost extends Model {
  override predict(request: InferenceRequest): ModelResponse {
    const endMs = performance.now() + CALL_MS
    while (performance.now() < endMs);
    return { outputs: request.inputs }
  }
}
