import { type InferenceRequest, Model } from '@millrace/sdk'

/** Ends the worker that it runs in, in the way that the request's id says. */
export class Poison extends Model {
  override predict({ id, inputs }: InferenceRequest) {
    if (id === 'exit') process.exit(3)
    if (id !== 'throw') return { outputs: inputs }
    setTimeout(() => {
      throw new Error('thrown behind the back of the request')
    }, 1)
    return new Promise<never>(() => {})
  }
}
