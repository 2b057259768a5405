import { setTimeout as delay } from 'node:timers/promises'
import { type InferenceRequest, Model, type RequestContext, ServingError } from '@millrace/sdk'

/**
 * Says its first input back, and each `x-` header. Parameters:
 *
 *     hold_ms  answer after so many milliseconds
 *     never    do not answer, and hear of no end
 *     size     answer a text of so many characters
 *     count    answer how many requests are here at once
 *
 * Streams the elements of its first input, one an answer; `fail` is an element that fails.
 */
export class Probe extends Model {
  #present = 0

  override async predict({ inputs: [input], parameters = {} }: InferenceRequest, context: RequestContext) {
    if (parameters['never'] === true) return new Promise<never>(() => {})
    const { hold_ms: holdMs, size } = parameters
    this.#present += 1
    if (typeof holdMs === 'number') await delay(holdMs)
    const present = this.#present
    this.#present -= 1
    for (const [name, value] of Object.entries(context.headers)) {
      if (name.startsWith('x-')) context.setHeader(name, value)
    }
    if (parameters['count'] === true) return said([String(present)])
    return typeof size === 'number' ? said(['.'.repeat(size)]) : said(elementsOf(input))
  }

  override async *predictStream(requests: AsyncIterable<InferenceRequest>) {
    for await (const { inputs } of requests) {
      for (const element of elementsOf(inputs[0])) {
        if (element === 'fail') throw new ServingError('INVALID_ARGUMENT', 'this element fails')
        yield said([element])
      }
    }
  }
}

function elementsOf(input: InferenceRequest['inputs'][number] | undefined): string[] {
  const elements: Iterable<unknown> = input?.data ?? []
  return Array.from(elements, element =>
    element instanceof Uint8Array ? Buffer.from(element).toString() : String(element),
  )
}

function said(elements: readonly string[]) {
  return {
    outputs: [{ name: 'said', datatype: 'BYTES' as const, shape: [elements.length], data: [...elements] }],
  }
}
