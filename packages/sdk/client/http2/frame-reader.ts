import { FLAG, FRAME, FRAME_HEADER_BYTES } from './frames.ts'
import { HTTP2_CODE, Http2Error, protocolError } from './http2-error.ts'

/** Other frames have little to say; header blocks are bounded by whoever puts them together. */
const MAX_CONTROL_BYTES = 65_536

export interface FrameListener {
  /** A piece of a data frame, without padding, as soon as it is there. */
  readonly onData: (streamId: number, bytes: Buffer) => void
  /** A data frame has come whole; padding counts for its size. */
  readonly onDataEnd: (streamId: number, frameBytes: number, isEndOfStream: boolean) => void
  /** Any other frame, whole. */
  readonly onFrame: (type: number, flags: number, streamId: number, payload: Buffer) => void
}

/** Cuts what a connection brings into frames. Data goes on as it comes, without a copy. */
export class FrameReader {
  readonly #maxFrameBytes: number
  readonly #listener: FrameListener
  /** The beginning of a header, or of a frame that is needed whole. */
  #start: Buffer | undefined
  /** Of the data frame that is being read: what is still to come of its data, and of its padding. */
  #dataBytes = 0
  #paddingBytes = 0
  #isInData = false
  #isPaddingKnown = true
  #frameBytes = 0
  #streamId = 0
  #isEndOfStream = false

  constructor(maxFrameBytes: number, listener: FrameListener) {
    this.#maxFrameBytes = maxFrameBytes
    this.#listener = listener
  }

  /** @throws Http2Error for what is no frame, or too large */
  read(chunk: Buffer): void {
    let bytes = chunk
    if (this.#start !== undefined) {
      bytes = Buffer.concat([this.#start, chunk])
      this.#start = undefined
    }
    let offset = 0
    while (offset < bytes.length || this.#isInData) {
      if (this.#isInData) {
        offset = this.#readData(bytes, offset)
        if (this.#isInData) return
        continue
      }
      const next = this.#readFrame(bytes, offset)
      if (next === offset) {
        // Copied, so that a few bytes do not hold the whole chunk.
        this.#start = Buffer.from(bytes.subarray(offset))
        return
      }
      offset = next
    }
  }

  /** @returns where the next one begins; `offset` where it is not there yet */
  #readFrame(bytes: Buffer, offset: number): number {
    const payload = offset + FRAME_HEADER_BYTES
    if (payload > bytes.length) return offset
    const length = (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!
    const type = bytes[offset + 3]!
    const flags = bytes[offset + 4]!
    const streamId = bytes.readUInt32BE(offset + 5) & 0x7f_ff_ff_ff
    const maxBytes = type === FRAME.data ? this.#maxFrameBytes : MAX_CONTROL_BYTES
    if (length > maxBytes) {
      const text = `a frame of ${length} bytes; allowed are ${maxBytes}`
      throw new Http2Error(HTTP2_CODE.frameSizeError, text)
    }
    if (type === FRAME.data) {
      this.#isInData = true
      this.#isPaddingKnown = (flags & FLAG.padded) === 0
      this.#isEndOfStream = (flags & FLAG.endStream) !== 0
      this.#frameBytes = length
      this.#dataBytes = length
      this.#paddingBytes = 0
      this.#streamId = streamId
      return payload
    }
    if (payload + length > bytes.length) return offset
    this.#listener.onFrame(type, flags, streamId, bytes.subarray(payload, payload + length))
    return payload + length
  }

  #readData(bytes: Buffer, start: number): number {
    let offset = start
    if (!this.#isPaddingKnown) {
      if (this.#dataBytes === 0) throw protocolError('a padded frame without its padding')
      if (offset === bytes.length) return offset
      this.#paddingBytes = bytes[offset++]!
      this.#dataBytes -= 1 + this.#paddingBytes
      if (this.#dataBytes < 0) throw protocolError('a frame that is all padding, and more')
      this.#isPaddingKnown = true
    }
    const taken = Math.min(this.#dataBytes, bytes.length - offset)
    if (taken > 0) {
      this.#dataBytes -= taken
      this.#listener.onData(this.#streamId, bytes.subarray(offset, offset + taken))
      offset += taken
    }
    const skipped = Math.min(this.#paddingBytes, bytes.length - offset)
    this.#paddingBytes -= skipped
    offset += skipped
    if (this.#dataBytes === 0 && this.#paddingBytes === 0) {
      this.#isInData = false
      this.#listener.onDataEnd(this.#streamId, this.#frameBytes, this.#isEndOfStream)
    }
    return offset
  }
}
