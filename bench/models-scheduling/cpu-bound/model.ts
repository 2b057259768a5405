import { type InferenceRequest, Model, type ModelResponse } from '@millrace/sdk'

/** A few milliseconds on one core. */
const STEPS = 4_000_000

/** Returns its inputs after an amount of work that is always the same, not after a time. */
export class CpuBound extends Model {
  override predict(request: InferenceRequest): ModelResponse {
    let state = 1
    for (let step = 0; step < STEPS; step++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    // Kept, so that the loop is not taken for useless.
    if (state === 42) throw new Error('unreachable in practice')
    return { outputs: request.inputs }
  }
}
