import { compressionError } from './http2-error.ts'
import { decodeHuffman } from './huffman.ts'
import { DEFAULT_TABLE_BYTES, ENTRY_OVERHEAD, STATIC_TABLE } from './static-table.ts'

/** Fields by their lower-case names; of several with one name the last. */
export type HeaderFields = ReadonlyMap<string, string>

export interface HeaderLimits {
  readonly maxFields: number
  /** Of names and values together. */
  readonly maxBytes: number
}

type Field = readonly [name: string, value: string]

/** Reads header blocks of one connection (RFC 7541), which must come in their order. */
export class HeaderDecoder {
  readonly #limits: HeaderLimits
  /** The newest last. */
  #entries: Field[] = []
  #sizeBytes = 0
  #maxBytes = DEFAULT_TABLE_BYTES
  #bytes: Uint8Array = new Uint8Array()
  #offset = 0

  constructor(limits: HeaderLimits) {
    this.#limits = limits
  }

  /**
   * @returns `null` for a block beyond the limits, which is read to its end all the same: later ones stand on it
   * @throws Http2Error for a block that is none
   */
  decode(block: Uint8Array): HeaderFields | null {
    const { maxFields, maxBytes } = this.#limits
    this.#bytes = block
    this.#offset = 0
    const fields = new Map<string, string>()
    let count = 0
    let sizeBytes = 0
    while (this.#offset < block.length) {
      const field = this.#field(block[this.#offset]!)
      if (field === undefined) continue
      count++
      sizeBytes += field[0].length + field[1].length
      if (count <= maxFields && sizeBytes <= maxBytes) fields.set(field[0], field[1])
    }
    return count <= maxFields && sizeBytes <= maxBytes ? fields : null
  }

  #field(first: number): Field | undefined {
    if (first >= 0x80) return this.#entry(this.#integer(0x7f))
    if (first >= 0x40) {
      const field = this.#literal(0x3f)
      this.#add(field)
      return field
    }
    if (first >= 0x20) {
      this.#resize(this.#integer(0x1f))
      return undefined
    }
    return this.#literal(0x0f)
  }

  #literal(mask: number): Field {
    const index = this.#integer(mask)
    const name = index === 0 ? this.#text() : this.#entry(index)[0]
    return [name, this.#text()]
  }

  #entry(index: number): Field {
    const field =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#entries[this.#entries.length - (index - STATIC_TABLE.length)]
    if (field === undefined) throw compressionError(`a header refers to entry ${index}, which there is not`)
    return field
  }

  #add(field: Field): void {
    this.#entries.push(field)
    this.#sizeBytes += sizeOf(field)
    this.#evict()
  }

  #resize(maxBytes: number): void {
    if (maxBytes > DEFAULT_TABLE_BYTES) {
      throw compressionError(`a header table of ${maxBytes} bytes; allowed are ${DEFAULT_TABLE_BYTES}`)
    }
    this.#maxBytes = maxBytes
    this.#evict()
  }

  #evict(): void {
    let evicted = 0
    while (this.#sizeBytes > this.#maxBytes) this.#sizeBytes -= sizeOf(this.#entries[evicted++]!)
    if (evicted > 0) this.#entries = this.#entries.slice(evicted)
  }

  /** With a prefix of as many bits as the mask has (RFC 7541, section 5.1). */
  #integer(mask: number): number {
    const prefix = this.#byte() & mask
    if (prefix < mask) return prefix
    let value = mask
    for (let scale = 1; scale <= 0x20_0000; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw compressionError('a header has an integer that is too long')
  }

  #text(): string {
    const isHuffman = (this.#bytes[this.#offset] ?? 0) >= 0x80
    const length = this.#integer(0x7f)
    const start = this.#offset
    const end = start + length
    if (end > this.#bytes.length) throw tooShort()
    this.#offset = end
    if (isHuffman) return decodeHuffman(this.#bytes, start, end)
    let text = ''
    for (let index = start; index < end; index++) text += String.fromCharCode(this.#bytes[index]!)
    return text
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset++]
    if (byte === undefined) throw tooShort()
    return byte
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_OVERHEAD
}

function tooShort(): Error {
  return compressionError('a header block ends too soon')
}
