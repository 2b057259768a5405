import { setImmediate as nextTurn } from 'node:timers/promises'
import { type InferenceRequest, Model } from '@millrace/sdk'

/** Streams as many numbers, counted from the first one asked for, as the request says. */
export class Counter extends Model {
  override async *predictStream(requests: AsyncIterable<InferenceRequest>) {
    for await (const { inputs } of requests) {
      const [first = 0, count = 0] = Array.from(inputs[0]!.data as Int32Array)
      for (let index = 0; index < count; index++) {
        await nextTurn()
        yield {
          outputs: [{ name: 'number', datatype: 'INT32', shape: [1], data: Int32Array.of(first + index) }],
        }
      }
    }
  }
}
