import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { ServingError } from '@millrace/sdk'

const WINDOW_BYTES = 64 * 1024
/** A key and a value, each a varint of at most ten bytes. */
const HEAD_BYTES = 20
/** What one file may hold of all its messages together; the largest real ones have a tenth of it. */
const MOST_FIELDS = 50_000_000
const LONGEST_TEXT_BYTES = 64 * 1024

/** A part of a file, in bytes from its beginning; `end` lies behind it. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * The bytes of a protobuf file, of which only what is asked for comes into memory: weights of gigabytes are passed over.
 * Use it inside {@link readingModel}.
 */
export interface ModelBytes extends Span {
  readonly path: string
  /** The fields of a message, one after the other; `place` names the message in errors, as `graph.node`. */
  fields(message: Span, place: string): Fields
  /** @throws ServingError FAILED_PRECONDITION for a text of more than 64 KiB */
  text(span: Span, place: string): string
  /** Numbers that a field holds packed; as {@link text}, at most 64 KiB of them. */
  packedVarints(span: Span, place: string): number[]
  copy(span: Span, into: Uint8Array, at: number): void
  /** What to throw for bytes that make no sense at `position`. */
  damaged(position: number, place: string, what: string): ServingError
}

/** Walks over fields; what it says is of the latest field, and nothing is made for each. */
export interface Fields {
  /** @throws ServingError FAILED_PRECONDITION naming file, place and byte, where the bytes are no message */
  next(): boolean
  /** The field's number. */
  readonly number: number
  /** True for a message, a text, bytes or packed numbers. */
  readonly isSpan: boolean
  /** Where its key starts, its content starts and its content ends. */
  readonly keyStart: number
  readonly start: number
  readonly end: number
  /** The value of a varint, signed; exact up to 2^53. */
  readonly value: number
}

/** Opens a file for as long as `read` takes. */
export function readingModel<T>(path: string, read: (bytes: ModelBytes) => T): T {
  const file = openSync(path, 'r')
  try {
    return read(new FileBytes(path, file))
  } finally {
    closeSync(file)
  }
}

class FileBytes implements ModelBytes {
  readonly path: string
  readonly start = 0
  readonly end: number
  readonly #file: number
  readonly #window = Buffer.alloc(WINDOW_BYTES)
  #windowStart = 0
  #windowEnd = 0
  #fieldCount = 0

  constructor(path: string, file: number) {
    this.path = path
    this.end = fstatSync(file).size
    this.#file = file
  }

  fields(message: Span, place: string): Fields {
    return new FieldWalk(this, message, place)
  }

  text(span: Span, place: string): string {
    return this.#read(span, place).toString()
  }

  packedVarints(span: Span, place: string): number[] {
    const bytes = this.#read(span, place)
    const values: number[] = []
    for (let start = 0, end = 0; end < bytes.length; start = end) {
      while (end < bytes.length && bytes[end]! >= 0x80) end++
      end++
      if (end > bytes.length || end - start > 10)
        throw this.damaged(span.start + start, place, 'packed numbers break off')
      values.push(signed(bytes, start, end - start))
    }
    return values
  }

  #read(span: Span, place: string): Buffer {
    const length = span.end - span.start
    if (length > LONGEST_TEXT_BYTES) {
      const what = `a text has ${length} bytes; at most ${LONGEST_TEXT_BYTES} are allowed`
      throw this.damaged(span.start, place, what)
    }
    const content = Buffer.alloc(length)
    this.copy(span, content, 0)
    return content
  }

  copy({ start, end }: Span, into: Uint8Array, at: number): void {
    let position = start
    while (position < end) {
      const length = Math.min(end - position, 2 ** 30)
      const count = readSync(this.#file, into, at + position - start, length, position)
      if (count === 0) throw this.damaged(position, 'file', 'it has become shorter while it was read')
      position += count
    }
  }

  damaged(position: number, place: string, what: string): ServingError {
    return new ServingError(
      'FAILED_PRECONDITION',
      `'${this.path}' is no sound ONNX model: ${place}, byte ${position}: ${what}`,
    )
  }

  /** A view that begins at `position`, of at least {@link HEAD_BYTES} unless the file ends before. */
  head(position: number, place: string): Buffer {
    if (++this.#fieldCount > MOST_FIELDS) {
      throw this.damaged(position, place, `the file has more than ${MOST_FIELDS} fields`)
    }
    if (position < this.#windowStart || position + HEAD_BYTES > this.#windowEnd) this.#moveTo(position)
    this.headOffset = position - this.#windowStart
    return this.#window
  }

  /** Where in what `head` returned last its position is. */
  headOffset = 0

  #moveTo(position: number): void {
    this.#windowStart = position
    this.#windowEnd = position
    while (this.#windowEnd - position < HEAD_BYTES && this.#windowEnd < this.end) {
      const at = this.#windowEnd - position
      const count = readSync(this.#file, this.#window, at, WINDOW_BYTES - at, this.#windowEnd)
      if (count === 0) break
      this.#windowEnd += count
    }
    // Zeros end a varint, so that a number which the file breaks off is seen to go beyond the message.
    this.#window.fill(0, this.#windowEnd - position)
  }
}

class FieldWalk implements Fields {
  number = 0
  isSpan = false
  keyStart = 0
  start = 0
  end: number
  value = 0
  readonly #bytes: FileBytes
  readonly #limit: number
  readonly #place: string
  /** Where the varint that was read last ends, in the window. */
  #offset = 0

  constructor(bytes: FileBytes, message: Span, place: string) {
    this.#bytes = bytes
    this.#limit = message.end
    this.#place = place
    this.end = message.start
  }

  next(): boolean {
    const position = this.end
    if (position >= this.#limit) return false
    const head = this.#bytes.head(position, this.#place)
    const { headOffset } = this.#bytes
    this.#offset = headOffset
    const key = this.#varint(head)
    const wireType = key & 7
    this.keyStart = position
    this.number = Math.floor(key / 8)
    this.start = position + this.#offset - headOffset
    this.isSpan = wireType === 2
    if (key < 8 || key > 2 ** 32) throw this.#damaged(`a field has the number ${this.number}`)
    if (wireType === 0 || wireType === 2) {
      this.value = this.#varint(head)
      const behind = position + this.#offset - headOffset
      if (wireType === 2) this.start = behind
      this.end = wireType === 2 ? behind + this.value : behind
    } else if (wireType === 1) this.end = this.start + 8
    else if (wireType === 5) this.end = this.start + 4
    else throw this.#damaged(`a field has the wire type ${wireType}, which ONNX does not use`)
    if (this.end < this.start || this.end > this.#limit) {
      throw this.#damaged(
        `field ${this.number} reaches to byte ${this.end}, and its message ends at ${this.#limit}`,
      )
    }
    return true
  }

  #varint(head: Buffer): number {
    let value = 0
    let scale = 1
    const from = this.#offset
    for (let index = 0; index < 10; index++) {
      const byte = head[from + index] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.#offset = from + index + 1
        // Ten bytes are how a negative number is written.
        return index === 9 ? signed(head, from, 10) : value
      }
      scale *= 128
    }
    throw this.#damaged('a number has more than ten bytes')
  }

  #damaged(what: string): ServingError {
    return this.#bytes.damaged(this.end, this.#place, what)
  }
}

function signed(bytes: Buffer, from: number, length: number): number {
  let bits = 0n
  for (let index = 0; index < length; index++)
    bits |= BigInt(bytes[from + index]! & 0x7f) << BigInt(7 * index)
  return Number(BigInt.asIntN(64, bits))
}
