import type { HeaderFields } from './header-decoder.ts'
import type { FixedFields } from './header-encoder.ts'

/** Who made a request, and is told of its answer. None of it may throw. */
export interface StreamListener {
  readonly onResponse: (fields: HeaderFields) => void
  readonly onData: (bytes: Buffer) => void
  readonly onTrailers: (fields: HeaderFields) => void
  /** Nothing more will come, for whatever reason. */
  readonly onClosed: () => void
}

export interface StreamRequest {
  readonly fixed: FixedFields
  readonly varying: readonly (readonly [name: string, value: string])[]
  /** Sent one behind the other. Small ones are copied; others must not change until the stream is released. */
  readonly body: readonly Uint8Array[]
  readonly sizeBytes: number
}

/** One request of a session and its answer. */
export class ClientStream {
  readonly request: StreamRequest
  readonly listener: StreamListener
  /** 0: it has not left. */
  id = 0
  /** What it was ended with; `undefined` as long as it is open, and when the session ended under it. */
  resetCode: number | undefined
  isOpen = true
  hasResponse = false
  /** What the server may still be sent. */
  sendWindowBytes = 0
  /** What it has sent and has not been allowed anew. */
  receivedBytes = 0
  /** What of the body is next. */
  piece = 0
  pieceOffset = 0
  isSent = false
  /** Pieces of the body that the socket has not taken yet. */
  writingCount = 0
  #onReleased: (() => void) | undefined

  constructor(request: StreamRequest, listener: StreamListener) {
    this.request = request
    this.listener = listener
  }

  /** Calls back when nothing of the body's memory is needed any more; at once if that is so. Only of a closed stream. */
  whenReleased(callback: () => void): void {
    if (this.writingCount === 0) callback()
    else this.#onReleased = callback
  }

  /** The socket has taken a piece, or given it up. */
  release(): void {
    this.writingCount--
    if (this.writingCount === 0) this.#onReleased?.()
  }
}
