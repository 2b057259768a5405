import { FIXED32, FIXED64, VARINT } from './wire-types.ts'

/** Reads what a head has of a message, and says so where it ends. */
export class HeadScan {
  readonly head: Uint8Array
  offset = 0

  constructor(head: Uint8Array) {
    this.head = head
  }

  /** A varint of up to 35 bits; -1 if the head ends before it does, or it is longer. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 0x1000_0000; scale *= 0x80) {
      const byte = this.head[this.offset++]
      if (byte === undefined) return -1
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    return -1
  }

  /** Passes over a field that is not length-delimited; false if there is no going on. */
  skipScalar(tag: number): boolean {
    if (tag < 0) return false
    switch (tag & 7) {
      case VARINT:
        // Up to ten bytes, of which only the last is below 0x80.
        while (this.offset < this.head.length && this.head[this.offset]! >= 0x80) this.offset++
        this.offset++
        return true
      case FIXED64:
        this.offset += 8
        return true
      case FIXED32:
        this.offset += 4
        return true
      default:
        return false
    }
  }
}
