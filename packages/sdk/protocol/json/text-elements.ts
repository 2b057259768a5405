import { BytesArray, type TensorData } from '../../tensor/index.ts'
import { QUOTE } from './ascii.ts'
import { type ElementReader, refuseElement } from './element-reader.ts'
import type { JsonReader } from './json-reader.ts'

const PREFIX_BYTES = 4
/** Below it a loop is faster than the calls that copy typed arrays. */
const LOOP_LIMIT = 64
const encoder = new TextEncoder()

/** The elements of a `BYTES` tensor: JSON strings, packed as their UTF-8 bytes. */
export function createTextElements(name: string): ElementReader {
  return new TextElements(name)
}

class TextElements implements ElementReader {
  count = 0
  readonly #name: string
  #packed = Buffer.allocUnsafe(256)
  #length = 0

  constructor(name: string) {
    this.#name = name
  }

  read(reader: JsonReader): void {
    const { bytes, position: start } = reader
    if (reader.peek() !== QUOTE) refuseElement(reader, this.#name, this.count, 'BYTES')
    const isEscaped = reader.skipString()
    if (isEscaped) {
      reader.position = start
      const element = encoder.encode(reader.readString())
      this.#append(element, 0, element.length)
    } else {
      this.#append(bytes, start + 1, reader.position - 1)
    }
    this.count++
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const sizeBytes = end - start
    const at = this.#length + PREFIX_BYTES
    this.#length = at + sizeBytes
    if (this.#length > this.#packed.length) this.#grow()
    const packed = this.#packed
    packed[at - 4] = sizeBytes
    packed[at - 3] = sizeBytes >>> 8
    packed[at - 2] = sizeBytes >>> 16
    packed[at - 1] = sizeBytes >>> 24
    if (sizeBytes > LOOP_LIMIT) packed.set(bytes.subarray(start, end), at)
    else for (let index = 0; index < sizeBytes; index++) packed[at + index] = bytes[start + index]!
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(2 * this.#length)
    larger.set(this.#packed)
    this.#packed = larger
  }

  data(): TensorData {
    return BytesArray.fromPacked(this.#packed.subarray(0, this.#length), this.count)
  }
}
