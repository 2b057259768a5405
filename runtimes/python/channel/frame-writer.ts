import type { Writable } from 'node:stream'
import { ServingError } from '@millrace/sdk'
import { BODY_BYTES_MAX, HEADER_BYTES_MAX, PREFIX_BYTES, paddingOf } from './frame.ts'

/** A frame on its way. */
export interface SentFrame {
  /** Takes it back; false if some of it may have been sent already. */
  withdraw(): boolean
  /** Calls back when the frame's memory is no longer read: at once, if it is not. */
  whenReleased(callback: () => void): void
}

export interface FrameWriter {
  /**
   * @param buffers the body's parts; must stay as they are until the frame is released
   * @throws ServingError RESOURCE_EXHAUSTED for a frame beyond the limits
   */
  send(kind: number, call: number, header: unknown, buffers?: readonly Uint8Array[]): SentFrame
}

/** Up to here one copy costs less than several pieces given to the kernel. */
const COPIED_BYTES_MAX = 64 * 1024
/** How much is given to the socket at once; the rest waits where it can be taken back. */
const BATCH_BYTES = 256 * 1024

interface Waiting {
  readonly pieces: readonly Uint8Array[]
  readonly sizeBytes: number
  state: 'WAITING' | 'WRITING' | 'RELEASED'
  onReleased: (() => void) | null
}

const DONE: SentFrame = { withdraw: () => false, whenReleased: callback => callback() }

/** Writes frames in order. One batch at a time is with the socket, large bodies by reference. */
export function createFrameWriter(socket: Writable): FrameWriter {
  const queue: Waiting[] = []
  let writing = false

  const release = (frames: readonly Waiting[]): void => {
    for (const frame of frames) {
      frame.state = 'RELEASED'
      frame.onReleased?.()
      frame.onReleased = null
    }
  }

  const flush = (): void => {
    const batch: Waiting[] = []
    for (let sizeBytes = 0; queue.length > 0 && sizeBytes < BATCH_BYTES; ) {
      const frame = queue.shift()!
      frame.state = 'WRITING'
      sizeBytes += frame.sizeBytes
      batch.push(frame)
    }
    const pieces = batch.flatMap(frame => frame.pieces)
    const last = pieces.pop()
    if (last === undefined) return
    writing = true
    socket.cork()
    for (const piece of pieces) socket.write(piece)
    // Also called, with an error, when the socket has been destroyed.
    socket.write(last, () => {
      writing = false
      release(batch)
      flush()
    })
    socket.uncork()
  }

  return {
    send(kind, call, header, buffers = []) {
      const pieces = layOut(kind, call, header, buffers)
      const sizeBytes = pieces.reduce((total, piece) => total + piece.length, 0)
      const isCopied = sizeBytes <= COPIED_BYTES_MAX
      const frame: Waiting = {
        pieces: isCopied ? [Buffer.concat(pieces, sizeBytes)] : pieces,
        sizeBytes,
        state: 'WAITING',
        onReleased: null,
      }
      queue.push(frame)
      if (!writing) flush()
      if (isCopied && frame.state !== 'WAITING') return DONE
      return {
        withdraw() {
          if (frame.state !== 'WAITING') return false
          queue.splice(queue.indexOf(frame), 1)
          release([frame])
          return true
        },
        whenReleased(callback) {
          if (isCopied || frame.state === 'RELEASED') callback()
          else frame.onReleased = callback
        },
      }
    },
  }
}

const PADDING = Array.from({ length: 8 }, (_, sizeBytes) => new Uint8Array(sizeBytes))

function layOut(
  kind: number,
  call: number,
  header: unknown,
  buffers: readonly Uint8Array[],
): readonly Uint8Array[] {
  const text = encodeHeader(header)
  const headerBytes = Buffer.byteLength(text)
  const head = Buffer.allocUnsafe(PREFIX_BYTES + headerBytes + paddingOf(headerBytes))
  head.write(text, PREFIX_BYTES, 'utf8')
  head.fill(0, PREFIX_BYTES + headerBytes)
  const pieces: Uint8Array[] = [head]
  let bodyBytes = 0
  for (const buffer of buffers) {
    if (buffer.length === 0) continue
    const gap = paddingOf(bodyBytes)
    if (gap > 0) pieces.push(PADDING[gap]!)
    pieces.push(buffer)
    bodyBytes += gap + buffer.length
  }
  if (headerBytes > HEADER_BYTES_MAX) throw tooLarge('parameters and headers', headerBytes, HEADER_BYTES_MAX)
  if (bodyBytes > BODY_BYTES_MAX) throw tooLarge('tensors', bodyBytes, BODY_BYTES_MAX)
  head.writeUInt32LE(kind, 0)
  head.writeUInt32LE(call, 4)
  head.writeUInt32LE(headerBytes, 8)
  head.writeUInt32LE(bodyBytes, 12)
  return pieces
}

/** In the engine, but not yet in its types. */
const rawJson = JSON as unknown as { rawJSON(text: string): unknown }

function encodeHeader(header: unknown): string {
  try {
    return JSON.stringify(header)
  } catch {
    // A bigint among the parameters, which only this way is written as the number it is.
    return JSON.stringify(header, (_key, value: unknown) =>
      typeof value === 'bigint' ? rawJson.rawJSON(String(value)) : value,
    )
  }
}

function tooLarge(what: string, sizeBytes: number, maxBytes: number): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    `the request's ${what} take ${sizeBytes} bytes; at most ${maxBytes} go to a Python process`,
  )
}
