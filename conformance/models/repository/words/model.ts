import {
  type InferenceRequest,
  Model,
  type ModelResponse,
  type RequestContext,
  ServingError,
  type Tensor,
} from '@millrace/sdk'
import { type WatchedCall, watch } from '../../watched-calls.ts'

/**
 * Streams the words of its text, each but the first with the space before it. Parameters:
 *
 *     fail_after   fail after so many words, as the client's fault
 *     break_after  fail after so many words, as a defect
 *     hold_after   wait after so many words until the signal is aborted; watched under the id
 */
export class Words extends Model {
  override predict({ inputs: [text] }: InferenceRequest): ModelResponse {
    return answer(wordsOf(text!).join(''))
  }

  override async *predictStream(requests: AsyncIterable<InferenceRequest>, { signal }: RequestContext) {
    let watched: WatchedCall | undefined
    try {
      for await (const { id = '', inputs, parameters = {} } of requests) {
        const words = wordsOf(inputs[0]!)
        for (let index = 0; index <= words.length; index++) {
          if (parameters['fail_after'] === index) throw failed(index)
          if (parameters['break_after'] === index) throw new Error('secret of a stream')
          if (parameters['hold_after'] === index) {
            watched = watch(id, signal)
            await watched.aborted.promise
            throw signal.reason
          }
          if (index < words.length) yield answer(words[index]!)
        }
      }
    } finally {
      watched?.closed.resolve('')
    }
  }
}

function failed(count: number): ServingError {
  return new ServingError('INVALID_ARGUMENT', `failed after ${count} words`)
}

function wordsOf({ data }: Tensor): readonly string[] {
  const text = (data as Tensor<'BYTES'>['data']).textAt(0)!
  return text === '' ? [] : text.split(/(?= )/)
}

function answer(text: string): ModelResponse {
  return { outputs: [{ name: 'output', datatype: 'BYTES', shape: [1], data: [text] }] }
}
