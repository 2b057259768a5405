import { setTimeout as delay } from 'node:timers/promises'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** One device that answers one request at a time: what a request takes does not depend on how busy the machine is. */
const SERVICE_MS = 20

/** Answers with what it was asked, one request after the other. */
export class Steady extends Model {
  #last: Promise<unknown> = Promise.resolve()

  override async predict({ inputs }: InferenceRequest) {
    const mine = this.#last.then(() => delay(SERVICE_MS))
    this.#last = mine
    await mine
    return { outputs: inputs }
  }
}
