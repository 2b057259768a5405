import {
  type InferenceRequest,
  type Logger,
  type ModelResponse,
  type RequestContext,
  type RouteRequest,
  type RouteResponse,
  ServingError,
} from '@millrace/sdk'
import {
  FROM_PYTHON,
  type Frame,
  type FrameWriter,
  readFailure,
  readResponse,
  type SentFrame,
  TO_PYTHON,
  writeRequest,
} from '../channel/index.ts'
import { readRouteResponse, routeHeader } from './route-message.ts'
import { createStreamCall } from './stream-call.ts'

/** What a process is asked. Each rejects as UNAVAILABLE when the process ends before it has answered. */
export interface ProcessCalls {
  /** Calls that the process works on, those included that nobody waits for any more. */
  inFlight(): number
  predict(request: InferenceRequest, context: RequestContext): Promise<ModelResponse>
  predictStream(
    requests: AsyncIterable<InferenceRequest>,
    context: RequestContext,
  ): AsyncIterable<ModelResponse>
  route(index: number, request: RouteRequest, context: RequestContext): Promise<RouteResponse>
}

/** What one call does with its frames. */
export interface CallListener {
  onFrame(frame: Frame): void
  /** Of the process, after which no frame comes. */
  onEnd(error: ServingError): void
}

export interface Calls {
  readonly asked: ProcessCalls
  /** @throws Error when the frame belongs to nothing that was asked */
  onFrame(frame: Frame): void
  /** The process is gone: fails every call, also those to come. */
  fail(error: ServingError): void
}

/** What calls have in common. */
export interface CallDesk {
  /** Numbers a call and gives it its frames, until one of the last kinds. */
  open(listener: CallListener): number
  send(kind: number, call: number, header: unknown, buffers?: readonly Uint8Array[]): SentFrame
  /** Forgets a call whose first frame was taken back. */
  forget(call: number): void
  /** The error for the client; the traceback goes to the log. */
  failure(frame: Frame, context: RequestContext): ServingError
}

/** How many calls one process may have at once; more would only wait in its memory. */
const IN_FLIGHT_MAX = 1024

const LAST: ReadonlySet<number> = new Set([
  FROM_PYTHON.ANSWER,
  FROM_PYTHON.FAILED,
  FROM_PYTHON.DONE,
  FROM_PYTHON.ROUTE_ANSWER,
])

export function createCalls(writer: FrameWriter, modelName: string, log: Logger): Calls {
  const open = new Map<number, CallListener>()
  let lastCall = 0
  let ended: ServingError | undefined

  const desk: CallDesk = {
    open(listener) {
      if (ended !== undefined) throw ended
      if (open.size >= IN_FLIGHT_MAX) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          `Model ${modelName} has ${open.size} requests in one Python process, as many as it may`,
          { retryAfterMs: 1000 },
        )
      }
      do lastCall = lastCall === 0xff_ff_ff_ff ? 1 : lastCall + 1
      while (open.has(lastCall))
      open.set(lastCall, listener)
      return lastCall
    },
    send: (kind, call, header, buffers) => writer.send(kind, call, header, buffers),
    forget: call => open.delete(call),
    failure(frame, context) {
      const { error, traceback } = readFailure(frame)
      if (traceback !== undefined) {
        context.log.error(`Model ${modelName} failed in Python: ${error.message}`, { traceback })
      }
      return error
    },
  }

  /** One frame out, one frame in. */
  const ask = <T>(
    kind: number,
    message: () => { readonly header: unknown; readonly buffers: readonly Uint8Array[] },
    read: (frame: Frame) => T,
    context: RequestContext,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const { signal } = context
      signal.throwIfAborted()
      let sent: SentFrame | undefined
      /** Nobody may free the request's memory while the socket still reads from it. */
      const settle = (finish: () => void): void => {
        signal.removeEventListener('abort', abort)
        if (sent === undefined) finish()
        else sent.whenReleased(finish)
      }
      const call = desk.open({
        onFrame(frame) {
          if (frame.kind === FROM_PYTHON.FAILED) {
            const error = desk.failure(frame, context)
            settle(() => reject(error))
            return
          }
          const answer = read(frame)
          settle(() => resolve(answer))
        },
        onEnd: error => settle(() => reject(error)),
      })
      function abort(): void {
        if (sent?.withdraw() === true) desk.forget(call)
        else desk.send(TO_PYTHON.CANCEL, call, null)
        // The call stays open until the process says that it has ended, and counts until then.
        settle(() => reject(signal.reason))
      }
      try {
        const { header, buffers } = message()
        sent = desk.send(kind, call, header, buffers)
      } catch (error) {
        desk.forget(call)
        throw error
      }
      signal.addEventListener('abort', abort, { once: true })
    })

  return {
    asked: {
      inFlight: () => open.size,
      predict: (request, context) =>
        ask(
          TO_PYTHON.PREDICT,
          () => writeRequest(request, context),
          frame => readResponse(frame, context),
          context,
        ),
      predictStream: (requests, context) => createStreamCall(desk, requests, context),
      route: (index, request, context) =>
        ask(
          TO_PYTHON.ROUTE,
          () => ({ header: routeHeader(index, request), buffers: [request.body] }),
          readRouteResponse,
          context,
        ),
    },
    onFrame(frame) {
      const listener = open.get(frame.call)
      if (listener === undefined)
        throw new Error(`a frame of kind ${frame.kind} for call ${frame.call}, which is not open`)
      if (LAST.has(frame.kind)) open.delete(frame.call)
      listener.onFrame(frame)
    },
    fail(error) {
      ended = error
      const listeners = [...open.values()]
      open.clear()
      if (listeners.length > 0) log.warn(`${listeners.length} requests fail: ${error.message}`)
      for (const listener of listeners) listener.onEnd(error)
    },
  }
}
