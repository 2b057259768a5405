import type { ClientStream } from './client-stream.ts'
import {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  writeFrameHeader,
} from './frames.ts'
import type { OutputQueue } from './output-queue.ts'

/** What the socket has not taken yet of the large bodies; the rest waits with us, where it can be called off. */
const MAX_WRITING_BYTES = 1_048_576

/** Sends bodies as far as the server allows, a frame of each in turn. */
export class BodySender {
  readonly #output: OutputQueue
  readonly #streams = new Set<ClientStream>()
  #writingBytes = 0
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES
  /** What the server may still be sent on all streams. */
  windowBytes = DEFAULT_WINDOW_BYTES

  constructor(output: OutputQueue) {
    this.#output = output
  }

  get isSending(): boolean {
    return this.#streams.size > 0 || this.#writingBytes > 0
  }

  /** Whether a body is small enough to leave with the headers, in one frame that holds a copy. */
  takesAtOnce({ request, sendWindowBytes }: ClientStream): boolean {
    const { sizeBytes } = request
    return (
      sizeBytes <= DEFAULT_MAX_FRAME_BYTES && sizeBytes <= this.windowBytes && sizeBytes <= sendWindowBytes
    )
  }

  writeAtOnce(stream: ClientStream, bytes: Buffer, start: number): void {
    const { body, sizeBytes } = stream.request
    writeFrameHeader(bytes, start, sizeBytes, FRAME.data, FLAG.endStream, stream.id)
    let offset = start + FRAME_HEADER_BYTES
    for (const piece of body) {
      bytes.set(piece, offset)
      offset += piece.length
    }
    this.windowBytes -= sizeBytes
    stream.sendWindowBytes -= sizeBytes
    stream.isSent = true
  }

  add(stream: ClientStream): void {
    this.#streams.add(stream)
    this.#output.schedule()
  }

  delete(stream: ClientStream): void {
    this.#streams.delete(stream)
  }

  /** Puts into the queue what may leave now. */
  send(): void {
    for (let hasSent = this.#streams.size > 0; hasSent; ) {
      hasSent = false
      for (const stream of this.#streams) if (this.#sendFrame(stream)) hasSent = true
    }
  }

  #sendFrame(stream: ClientStream): boolean {
    const { body } = stream.request
    while (stream.piece < body.length - 1 && stream.pieceOffset === body[stream.piece]!.length) {
      stream.piece++
      stream.pieceOffset = 0
    }
    const piece = body[stream.piece] ?? new Uint8Array()
    const left = piece.length - stream.pieceOffset
    const length = Math.min(left, this.maxFrameBytes, this.windowBytes, stream.sendWindowBytes)
    if (this.#writingBytes >= MAX_WRITING_BYTES || (length <= 0 && left > 0)) return false
    const start = stream.pieceOffset
    stream.pieceOffset += length
    this.windowBytes -= length
    stream.sendWindowBytes -= length
    const isLast = length === left && body.slice(stream.piece + 1).every(({ length: rest }) => rest === 0)
    const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
    writeFrameHeader(header, 0, length, FRAME.data, isLast ? FLAG.endStream : 0, stream.id)
    this.#output.push(header)
    this.#write(stream, piece.subarray(start, start + length))
    if (isLast) {
      stream.isSent = true
      this.#streams.delete(stream)
    }
    return !isLast
  }

  #write(stream: ClientStream, bytes: Uint8Array): void {
    this.#writingBytes += bytes.length
    stream.writingCount++
    this.#output.push(bytes, () => {
      this.#writingBytes -= bytes.length
      stream.release()
      if (this.#streams.size > 0) this.#output.schedule()
    })
  }
}
