import { FLAG, FRAME } from './frames.ts'
import { HTTP2_CODE, Http2Error, protocolError } from './http2-error.ts'

/** Of one block, compressed. */
const MAX_BLOCK_BYTES = 65_536
/** Frames that one block may come in. */
const MAX_PARTS = 32

/** Puts header blocks together of the frames that they come in, between which no others may come. */
export class HeaderBlocks {
  readonly #onBlock: (streamId: number, block: Uint8Array, isEndOfStream: boolean) => void
  #streamId = 0
  #isEndOfStream = false
  #parts: Uint8Array[] = []

  constructor(onBlock: (streamId: number, block: Uint8Array, isEndOfStream: boolean) => void) {
    this.#onBlock = onBlock
  }

  /** @throws Http2Error for a frame that may not come now */
  check(type: number, streamId: number): void {
    const isExpected =
      this.#streamId === 0
        ? type !== FRAME.continuation
        : type === FRAME.continuation && streamId === this.#streamId
    if (!isExpected) throw protocolError(`a frame of type ${type} in the wrong place`)
  }

  begin(streamId: number, flags: number, payload: Buffer): void {
    const isPadded = (flags & FLAG.padded) !== 0
    const start = (isPadded ? 1 : 0) + ((flags & FLAG.priority) === 0 ? 0 : 5)
    const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0)
    if (start > end) throw protocolError('a frame that is all padding, and more')
    const block = payload.subarray(start, end)
    const isEndOfStream = (flags & FLAG.endStream) !== 0
    if ((flags & FLAG.endHeaders) !== 0) {
      this.#onBlock(streamId, block, isEndOfStream)
      return
    }
    this.#streamId = streamId
    this.#isEndOfStream = isEndOfStream
    this.#parts = [Buffer.from(block)]
  }

  goOn(flags: number, payload: Buffer): void {
    this.#parts.push(Buffer.from(payload))
    const sizeBytes = this.#parts.reduce((sum, part) => sum + part.length, 0)
    if (sizeBytes > MAX_BLOCK_BYTES || this.#parts.length > MAX_PARTS) {
      const text = `headers of more than ${MAX_BLOCK_BYTES} bytes or ${MAX_PARTS} frames`
      throw new Http2Error(HTTP2_CODE.enhanceYourCalm, text)
    }
    if ((flags & FLAG.endHeaders) === 0) return
    const streamId = this.#streamId
    const block = Buffer.concat(this.#parts)
    this.#streamId = 0
    this.#parts = []
    this.#onBlock(streamId, block, this.#isEndOfStream)
  }
}
