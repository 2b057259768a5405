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

async function* withErrorEvent(
  first: IteratorResult<Uint8Array>,
  events: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await events.next()) yield next.value
  } catch (error) {
    const { message } = ServingError.from(error, "unexpected error; the server's log has it")
    yield serializeErrorEvent({ message })
  } finally {
    // Also reached when the client leaves: the model's generator is then closed where it waits.
    await events.return?.()
  }
}
