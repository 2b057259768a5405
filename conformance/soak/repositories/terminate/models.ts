import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** Longer than a signal takes to arrive and be heeded. */
const ANSWER_MS = 240
const ANSWERS = 6

/** Leaves word of a request in the file that the test reads: from here on it has been accepted. */
function asked(id: string | undefined): void {
  appendFileSync(process.env['ASKED_FILE']!, `${id}\n`)
}

export class Slow extends Model {
  override async predict({ id, inputs }: InferenceRequest) {
    asked(id)
    await delay(ANSWER_MS)
    return { outputs: inputs }
  }
}

/** Its requests share batches, which have no id: each row begins with the number of its request. */
export class Batched extends Model {
  override async predict({ inputs }: InferenceRequest) {
    const { data, shape } = inputs[0]!
    const columns = shape[1]!
    for (let row = 0; row < shape[0]!; row++) asked(String((data as Int32Array)[row * columns]))
    await delay(ANSWER_MS)
    return { outputs: inputs }
  }
}

export class Streaming extends Model {
  override async *predictStream(requests: AsyncIterable<InferenceRequest>) {
    for await (const { id, inputs } of requests) {
      asked(id)
      for (let answer = 0; answer < ANSWERS; answer++) {
        await delay(ANSWER_MS / ANSWERS)
        yield { outputs: inputs }
      }
    }
  }
}

export class Hanging extends Model {
  override predict({ id }: InferenceRequest) {
    asked(id)
    return new Promise<never>(() => {})
  }
}
