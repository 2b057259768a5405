import { textSize } from './wire-sizes.ts'

/**
 * From this size on bytes are sent by reference, as a piece of their own: then a copy costs more
 * than what the socket pays for one more piece.
 */
export const BY_REFERENCE_BYTES = 16_384

/** Up to this many bytes a loop is quicker than a call into the runtime. */
const SHORT_BYTES = 64

const scratch64 = new Float64Array(1)
const scratchBytes = new Uint8Array(scratch64.buffer)

/** The bytes of `payload` that a writer will copy. */
export function copiedSize(payload: Uint8Array): number {
  return payload.length >= BY_REFERENCE_BYTES ? 0 : payload.length
}

/**
 * Writes the protobuf encoding from front to back into one buffer of exactly the right size, with
 * large payloads cut in between by reference. Tags are single bytes: fields 1 to 15.
 */
export class WireWriter {
  readonly buffer: Buffer
  readonly #pieces: Uint8Array[] = []
  #offset = 0
  /** Where in the buffer the piece begins that is not in `#pieces` yet. */
  #pieceStart = 0

  /** @param sizeBytes of everything but the payloads that go by reference */
  constructor(sizeBytes: number) {
    this.buffer = Buffer.allocUnsafe(sizeBytes)
  }

  byte(value: number): void {
    this.buffer[this.#offset++] = value
  }

  /** An unsigned varint of up to 53 bits. */
  varint(value: number): void {
    if (value < 0x80) this.byte(value)
    else this.varint64(value | 0, Math.floor(value / 0x1_0000_0000))
  }

  /** A varint of 64 bits, which are given as two halves. */
  varint64(low: number, high: number): void {
    let rest = low >>> 0
    let above = high >>> 0
    while (above !== 0 || rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80)
      rest = ((rest >>> 7) | (above << 25)) >>> 0
      above >>>= 7
    }
    this.byte(rest)
  }

  double(value: number): void {
    scratch64[0] = value
    for (let index = 0; index < 8; index++) this.byte(scratchBytes[index]!)
  }

  /** A text field, or nothing for an empty text. */
  textField(tag: number, text: string | undefined): void {
    if (text !== undefined && text !== '') this.text(tag, text, textSize(text))
  }

  /** A text field even if it is empty. */
  text(tag: number, text: string, sizeBytes: number): void {
    this.head(tag, sizeBytes)
    if (sizeBytes === text.length && sizeBytes <= SHORT_BYTES) {
      for (let index = 0; index < sizeBytes; index++) this.byte(text.charCodeAt(index))
      return
    }
    this.buffer.write(text, this.#offset, sizeBytes, 'utf8')
    this.#offset += sizeBytes
  }

  /** Tag and length of a length-delimited field. */
  head(tag: number, length: number): void {
    this.byte(tag)
    this.varint(length)
  }

  /** The bytes of a length-delimited field after its head: copied, or by reference if there are many. */
  payload(bytes: Uint8Array): void {
    const { length } = bytes
    if (length >= BY_REFERENCE_BYTES) {
      this.#cut()
      this.#pieces.push(bytes)
      return
    }
    if (length > SHORT_BYTES) this.buffer.set(bytes, this.#offset)
    else for (let index = 0; index < length; index++) this.buffer[this.#offset + index] = bytes[index]!
    this.#offset += length
  }

  /** Leaves room for bytes that the caller writes into `buffer`; returns where. */
  reserve(sizeBytes: number): number {
    const start = this.#offset
    this.#offset += sizeBytes
    return start
  }

  /** The pieces, which make up the message in this order. The writer must not be used again. */
  finish(): Uint8Array[] {
    this.#cut()
    return this.#pieces
  }

  #cut(): void {
    if (this.#offset === this.#pieceStart) return
    this.#pieces.push(this.buffer.subarray(this.#pieceStart, this.#offset))
    this.#pieceStart = this.#offset
  }
}
