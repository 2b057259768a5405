import { type InferenceResponse, ServingError } from '@millrace/sdk'
import { serializeErrorEvent } from '@millrace/sdk/protocol'
import type { HttpResponse } from '../../transport/index.ts'
import type { HttpCall } from './http-call.ts'

/**
 * Answers as server-sent events, each flushed as it is made. What fails before the first one is an
 * ordinary error response; what fails later is an error event, because the status has been sent.
 *
 * The headers, those of CloudEvents and the id among them, are the response's. MLServer repeats them in the
 * JSON of every event instead; here an event is what a single answer would be.
 */
export async function eventStream(
  responses: AsyncIterable<InferenceResponse>,
  { responseHeaders: headers }: HttpCall,
  serialize: (response: InferenceResponse) => Uint8Array,
): Promise<HttpResponse> {
  const events = eventsOf(responses, serialize)[Symbol.asyncIterator]()
  const first = await events.next()
  headers['content-type'] = 'text/event-stream; charset=utf-8'
  headers['cache-control'] = 'no-cache'
  return { status: 200, headers, body: withErrorEvent(first, events) }
}

/** The one request that a stream over REST has. */
export async function* one<T>(value: T): AsyncIterable<T> {
  yield value
}

async function* eventsOf(
  responses: AsyncIterable<InferenceResponse>,
  serialize: (response: InferenceResponse) => Uint8Array,
): AsyncIterable<Uint8Array> {
  for await (const response of responses) yield serialize(response)
}

/**
 * No generator, because one that is given up before it has begun would run none of its code: a client that
 * leaves while the first event is made would leave the model's stream open for good.
 */
function withErrorEvent(
  first: IteratorResult<Uint8Array>,
  events: AsyncIterator<Uint8Array>,
): AsyncIterableIterator<Uint8Array> {
  let made: IteratorResult<Uint8Array> | undefined = first
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      try {
        const step = made ?? (await events.next())
        made = undefined
        return step
      } catch (error) {
        const { message } = ServingError.from(error, "unexpected error; the server's log has it")
        return { done: false, value: serializeErrorEvent({ message }) }
      }
    },
    // The client has left: the model's generator is closed where it waits.
    async return() {
      made = undefined
      await events.return?.()
      return { done: true, value: undefined }
    },
  }
}
