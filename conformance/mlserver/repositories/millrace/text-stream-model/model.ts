import { setTimeout } from 'node:timers/promises'
import { type InferenceRequest, Model, ServingError, type Tensor } from '@millrace/sdk'

/**
 * Streams the words of its text, each but the first with the space before it. Parameters: `delay_ms` between two
 * words, and `fail_after` so many words.
 */
export class TextStream extends Model {
  override async *predictStream(requests: AsyncIterable<InferenceRequest>) {
    for await (const { inputs, parameters = {} } of requests) {
      const words = (inputs[0] as Tensor<'BYTES'>).data.textAt(0)!.split(/(?= )/)
      for (const [index, word] of words.entries()) {
        if (parameters['fail_after'] === index) {
          throw new ServingError('INVALID_ARGUMENT', 'something really bad happened')
        }
        if (index > 0) await setTimeout(Number(parameters['delay_ms'] ?? 0))
        yield { outputs: [{ name: 'output', datatype: 'BYTES' as const, shape: [1, 1], data: [word] }] }
      }
    }
  }
}
