import type { Socket } from 'node:net'

/** Up to here one copy is cheaper than the bookkeeping of several pieces. */
const MAX_JOINED_BYTES = 16_384

/** Collects what one turn of the event loop has to send, and sends it in one write. */
export class OutputQueue {
  readonly #socket: Socket
  readonly #onFlush: () => void
  #pieces: Uint8Array[] = []
  #callbacks: (() => void)[] = []
  #isScheduled = false
  #isClosed = false
  sizeBytes = 0

  /** @param onFlush adds what may go along */
  constructor(socket: Socket, onFlush: () => void) {
    this.#socket = socket
    this.#onFlush = onFlush
  }

  /** @param onWritten called when its memory is not needed any more */
  push(piece: Uint8Array, onWritten?: () => void): void {
    if (this.#isClosed) {
      onWritten?.()
      return
    }
    this.#pieces.push(piece)
    this.sizeBytes += piece.length
    if (onWritten !== undefined) this.#callbacks.push(onWritten)
    this.schedule()
  }

  schedule(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  flush(): void {
    if (this.#isClosed) return
    this.#onFlush()
    const pieces = this.#pieces
    if (pieces.length === 0) return
    const callbacks = this.#callbacks
    this.#pieces = []
    this.#callbacks = []
    this.sizeBytes = 0
    const done = callbacks.length === 0 ? undefined : () => callAll(callbacks)
    if (this.#socket.destroyed) {
      done?.()
      return
    }
    const joined = joinSmall(pieces)
    if (joined.length === 1) {
      this.#socket.write(joined[0]!, done)
      return
    }
    this.#socket.cork()
    const last = joined.pop()!
    for (const piece of joined) this.#socket.write(piece)
    this.#socket.write(last, done)
    this.#socket.uncork()
  }

  /** The socket has ended. */
  close(): void {
    this.#isClosed = true
    this.#pieces = []
    callAll(this.#callbacks.splice(0))
  }
}

function callAll(callbacks: readonly (() => void)[]): void {
  for (const callback of callbacks) callback()
}

/** Neighbours that are small become one; the others stay as they are. */
function joinSmall(pieces: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = []
  let small: Uint8Array[] = []
  const end = () => {
    if (small.length > 0) joined.push(small.length === 1 ? small[0]! : Buffer.concat(small))
    small = []
  }
  for (const piece of pieces) {
    if (piece.length <= MAX_JOINED_BYTES) small.push(piece)
    else {
      end()
      joined.push(piece)
    }
  }
  end()
  return joined
}
