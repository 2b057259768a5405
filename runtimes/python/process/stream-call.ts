import type { InferenceRequest, ModelResponse, RequestContext } from '@millrace/sdk'
import { FROM_PYTHON, type Frame, readResponse, TO_PYTHON, writeRequest } from '../channel/index.ts'
import type { CallDesk } from './calls.ts'

/** How many responses may be on their way or wait here, before the model has to wait. */
const WINDOW = 8

/**
 * One stream. The model makes at most a window more responses than were taken, and the next request is fetched when the
 * model asks for it.
 */
export async function* createStreamCall(
  desk: CallDesk,
  requests: AsyncIterable<InferenceRequest>,
  context: RequestContext,
): AsyncGenerator<ModelResponse, void> {
  const { signal } = context
  signal.throwIfAborted()
  const iterator = requests[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return

  const arrived: ModelResponse[] = []
  let outcome: { readonly error: unknown } | 'DONE' | undefined
  let isOpen = true
  let wake: (() => void) | undefined
  const finish = (result: { readonly error: unknown } | 'DONE'): void => {
    outcome ??= result
    wake?.()
  }
  const abort = (): void => finish({ error: signal.reason })

  const call = desk.open({
    onFrame(frame: Frame) {
      switch (frame.kind) {
        case FROM_PYTHON.ITEM:
          // Those still on their way to nobody are dropped.
          if (outcome === undefined) arrived.push(readResponse(frame, context))
          wake?.()
          return
        case FROM_PYTHON.PULL:
          void sendNext()
          return
        case FROM_PYTHON.DONE:
          isOpen = false
          finish('DONE')
          return
        case FROM_PYTHON.FAILED: {
          isOpen = false
          // Of a stream that has been given up, the end is no news.
          if (outcome === undefined) finish({ error: desk.failure(frame, context) })
          return
        }
        default:
          throw new Error(`a frame of kind ${frame.kind} in a stream`)
      }
    },
    onEnd(error) {
      isOpen = false
      finish({ error })
    },
  })

  async function sendNext(): Promise<void> {
    try {
      const next = await iterator.next()
      if (!isOpen) return
      if (next.done === true) desk.send(TO_PYTHON.STREAM_END, call, null)
      else await send(TO_PYTHON.STREAM_REQUEST, next.value)
    } catch (error) {
      finish({ error })
    }
  }

  /** Fulfilled when the request's memory is no longer read. */
  function send(kind: number, request: InferenceRequest): Promise<void> {
    const { header, buffers } = writeRequest(request, context)
    const sent = desk.send(kind, call, header, buffers)
    return new Promise(resolve => sent.whenReleased(resolve))
  }

  signal.addEventListener('abort', abort, { once: true })
  let firstReleased: Promise<void> | undefined
  try {
    firstReleased = send(TO_PYTHON.STREAM, first.value)
    desk.send(TO_PYTHON.CREDIT, call, WINDOW)
    while (true) {
      const response = arrived.shift()
      if (response !== undefined) {
        yield response
        if (isOpen) desk.send(TO_PYTHON.CREDIT, call, 1)
        continue
      }
      if (outcome === 'DONE') return
      if (outcome !== undefined) throw outcome.error
      await new Promise<void>(resolve => {
        wake = resolve
      })
      wake = undefined
    }
  } finally {
    outcome ??= 'DONE'
    signal.removeEventListener('abort', abort)
    if (isOpen) desk.send(TO_PYTHON.CANCEL, call, null)
    await iterator.return?.()
    await firstReleased
  }
}
