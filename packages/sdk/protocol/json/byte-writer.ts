import { BACKSLASH, QUOTE, SPACE } from './ascii.ts'
import type { ByteTarget } from './digits-writer.ts'

const DELETE = 0x7f

/** Up to here a loop is faster than a call out of JavaScript. */
const LOOP_LIMIT = 64

/** Memory for texts of a usual size, used by one text after the other. */
const SHARED_BYTES = 64 * 1024
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES)
const sharedView = new DataView(shared.buffer)

/**
 * Bytes that grow at their end. Whoever knows what a value takes reserves it, stores into `bytes`
 * and sets `length`.
 *
 * Texts begin in memory that all writers share: finish one before the next is begun.
 */
export class ByteWriter implements ByteTarget {
  bytes = shared
  view = sharedView
  length = 0

  /** Makes sure that `sizeBytes` more fit. */
  reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
    this.view = new DataView(larger.buffer)
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  /** @param text ASCII only */
  ascii(text: string): void {
    const { length } = text
    this.reserve(length)
    if (length > LOOP_LIMIT) {
      this.length += this.bytes.write(text, this.length, 'latin1')
      return
    }
    const { bytes } = this
    let at = this.length
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index)
    this.length = at
  }

  /** Writes a JSON string, quotes included. */
  string(text: string): void {
    if (text.length <= LOOP_LIMIT && this.#plainString(text)) return
    const quoted = JSON.stringify(text)
    this.reserve(3 * quoted.length)
    this.length += this.bytes.write(quoted, this.length, 'utf8')
  }

  /** @returns false, with nothing written, if anything must be escaped or is not ASCII */
  #plainString(text: string): boolean {
    const { length } = text
    this.reserve(length + 2)
    const { bytes } = this
    let at = this.length
    bytes[at++] = QUOTE
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code < SPACE || code >= DELETE || code === QUOTE || code === BACKSLASH) return false
      bytes[at++] = code
    }
    bytes[at++] = QUOTE
    this.length = at
    return true
  }

  /** What was written. The writer must not be used any more. */
  finish(): Uint8Array {
    if (this.bytes !== shared) return this.bytes.subarray(0, this.length)
    const copy = Buffer.allocUnsafe(this.length)
    shared.copy(copy, 0, 0, this.length)
    return copy
  }
}
