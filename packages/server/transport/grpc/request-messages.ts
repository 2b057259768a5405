import { meterArrivals } from './arrival-meter.ts'
import type { ServerCall } from './call.ts'
import type { GrpcStreamMethod } from './grpc-types.ts'
import { MessageReader, type ReceivedMessage, truncated } from './message-reader.ts'

interface Pull {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (reason: unknown) => void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * The messages of a stream as its handler pulls them. One message is read ahead; then the stream is
 * paused, the client's window fills, and the client waits. A message counts against the budget until
 * the handler asks for another.
 */
export class RequestMessages implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #call: ServerCall
  readonly #reader: MessageReader
  readonly #pulls: Pull[] = []
  #next: ReceivedMessage | undefined
  #isOpening = false
  /** The client has sent all it wanted to. */
  #isComplete = false
  /** Nothing more is delivered: the call is decided, or the handler has had enough. */
  #isStopped = false
  #failure: unknown
  #lentBytes = 0

  constructor(call: ServerCall, method: GrpcStreamMethod, maxMessageBytes: number) {
    this.#call = call
    this.#reader = new MessageReader({
      maxMessageBytes,
      memory: call.memory,
      alignAt: method.alignAt,
      isSingle: false,
    })
    const discharge = meterArrivals(call.stream, call.memory, error => call.fail(error))
    call.stream.on('data', (chunk: Buffer) => {
      if (call.isDecided) return
      discharge(chunk)
      this.#reader.add(chunk)
      this.#deliver()
    })
    call.stream.on('end', () => {
      this.#isComplete = true
      this.#deliver()
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise((resolve, reject) => {
      const pull = { resolve, reject }
      if (this.#isStopped) {
        this.#dismiss(pull)
        return
      }
      this.#call.memory.release(this.#lentBytes)
      this.#lentBytes = 0
      this.#pulls.push(pull)
      this.#deliver()
    })
  }

  /** The handler reads no further; what the client still sends waits in its window. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.stop(undefined)
    return Promise.resolve(DONE)
  }

  /** Lets go of whoever waits for a message: with the failure of the call, or because there are no more. */
  stop(failure: unknown): void {
    this.#isStopped = true
    this.#failure ??= failure
    for (const pull of this.#pulls.splice(0)) this.#dismiss(pull)
  }

  #dismiss(pull: Pull): void {
    if (this.#failure === undefined) pull.resolve(DONE)
    else pull.reject(this.#failure)
  }

  /** Serves pulls from what is there; lets more come only when that is used up. */
  #deliver(): void {
    const { stream } = this.#call
    // From then on the stream runs dry by itself, and must not be stopped.
    if (this.#call.isDecided) return
    try {
      for (;;) {
        if (this.#isStopped || this.#isOpening) {
          stream.pause()
          return
        }
        this.#next ??= this.#reader.take()
        if (this.#next === undefined) {
          if (this.#isComplete) this.#finish()
          else if (stream.isPaused()) stream.resume()
          return
        }
        const pull = this.#pulls.shift()
        if (pull === undefined) {
          stream.pause()
          return
        }
        this.#lend(this.#next, pull)
        this.#next = undefined
      }
    } catch (error) {
      this.#call.fail(error)
    }
  }

  #lend(message: ReceivedMessage, pull: Pull): void {
    const opened = this.#call.open(message)
    if (opened instanceof Promise) {
      void this.#lendLater(opened, pull)
    } else {
      this.#lentBytes += opened.length
      pull.resolve({ done: false, value: opened })
    }
  }

  /** Later messages wait meanwhile, so that their order stays. */
  async #lendLater(opened: Promise<Uint8Array>, pull: Pull): Promise<void> {
    this.#isOpening = true
    try {
      const bytes = await opened
      this.#isOpening = false
      this.#lentBytes += bytes.length
      pull.resolve({ done: false, value: bytes })
      this.#deliver()
    } catch (error) {
      this.#call.fail(error)
      pull.reject(error)
    }
  }

  #finish(): void {
    if (this.#reader.isInsideMessage) throw truncated()
    this.stop(undefined)
  }
}
