import { setTimeout as delay } from 'node:timers/promises'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** Answers with what it was asked, after as many milliseconds as the request says: something is under way at any time. */
export class Echo extends Model {
  override async predict({ inputs, parameters }: InferenceRequest) {
    const pauseMs = Number(parameters?.['pause_ms'] ?? 0)
    if (pauseMs > 0) await delay(pauseMs)
    return { outputs: inputs }
  }
}
