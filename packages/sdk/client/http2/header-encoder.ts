import { DEFAULT_TABLE_BYTES, ENTRY_OVERHEAD, STATIC_TABLE } from './static-table.ts'

/** What every call of a method sends alike; its identity is what a connection remembers it by. */
export type FixedFields = Readonly<Record<string, string>>

/** Names of fields that come with every call and are different each time: spelled out once for a connection. */
const KNOWN_NAMES: ReadonlySet<string> = new Set(['grpc-timeout', 'x-request-id'])
/** Their values are not to be kept by anybody on the way (RFC 7541, section 7.1.3). */
const SECRET_NAMES: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

const STATIC_FIELDS = new Map(STATIC_TABLE.map(([name, value], index) => [`${name}\0${value}`, index + 1]))
const STATIC_NAMES = new Map(
  STATIC_TABLE.map(([name], index) => [name, index + 1]).toReversed() as [string, number][],
)

/** How far a block is beyond what is sure to fit: name and value with their lengths. */
const FIELD_OVERHEAD_BYTES = 16

/** Writes header blocks of one connection (RFC 7541), which must be sent in their order. Texts are ASCII. */
export class HeaderEncoder {
  /** By name and value, and by name alone: how many entries there were before. */
  readonly #fields = new Map<string, number>()
  readonly #names = new Map<string, number>()
  #entryCount = 0
  #sizeBytes = 0
  #maxBytes = DEFAULT_TABLE_BYTES
  #isResized = false
  /** Blocks of fixed fields, for as long as no entry has come behind those that they refer to. */
  readonly #blocks = new Map<FixedFields, { readonly block: Buffer; readonly entryCount: number }>()
  #bytes = Buffer.allocUnsafeSlow(1024)
  #offset = 0

  /** What the other side is ready to keep. Entries are never given up, but all at once when that is less than we have. */
  limitTable(maxBytes: number): void {
    const limit = Math.min(maxBytes, DEFAULT_TABLE_BYTES)
    if (limit >= this.#maxBytes) return
    this.#maxBytes = 0
    this.#isResized = true
    this.#fields.clear()
    this.#names.clear()
    this.#blocks.clear()
    this.#entryCount = 0
    this.#sizeBytes = 0
  }

  /**
   * @param varying pairs of a name and a value, whose values stay out of the table
   * @returns a view of memory that the next call overwrites
   */
  encode(fixed: FixedFields, varying: readonly (readonly [name: string, value: string])[]): Buffer {
    this.#offset = 0
    if (this.#isResized) {
      this.#isResized = false
      this.#integer(0x20, 0x1f, this.#maxBytes)
    }
    this.#fixed(fixed)
    for (const [name, value] of varying) {
      this.#reserve(name.length + value.length)
      this.#varying(name, value)
    }
    return this.#bytes.subarray(0, this.#offset)
  }

  #fixed(fields: FixedFields): void {
    const known = this.#blocks.get(fields)
    if (known?.entryCount === this.#entryCount) {
      this.#reserve(known.block.length)
      known.block.copy(this.#bytes, this.#offset)
      this.#offset += known.block.length
      return
    }
    const start = this.#offset
    const before = this.#entryCount
    for (const name in fields) {
      const value = fields[name]!
      this.#reserve(name.length + value.length)
      this.#indexed(name, value)
    }
    if (this.#entryCount !== before) return
    const block = Buffer.from(this.#bytes.subarray(start, this.#offset))
    this.#blocks.set(fields, { block, entryCount: this.#entryCount })
  }

  #indexed(name: string, value: string): void {
    const key = `${name}\0${value}`
    const entry = this.#fields.get(key)
    const index = STATIC_FIELDS.get(key) ?? (entry === undefined ? undefined : this.#indexOf(entry))
    if (index !== undefined) this.#integer(0x80, 0x7f, index)
    else if (this.#enter(name, value)) this.#literal(0x40, 0x3f, name, value, STATIC_NAMES.get(name))
    else this.#literal(0, 0x0f, name, value, STATIC_NAMES.get(name))
  }

  #varying(name: string, value: string): void {
    const entry = this.#names.get(name)
    const index = entry === undefined ? STATIC_NAMES.get(name) : this.#indexOf(entry)
    if (index === undefined && KNOWN_NAMES.has(name) && this.#enter(name, value)) {
      this.#literal(0x40, 0x3f, name, value, undefined)
      this.#names.set(name, this.#entryCount - 1)
    } else this.#literal(SECRET_NAMES.has(name) ? 0x10 : 0, 0x0f, name, value, index)
  }

  #indexOf(entry: number): number {
    return STATIC_TABLE.length + this.#entryCount - entry
  }

  /** Whether there was room for it. */
  #enter(name: string, value: string): boolean {
    const sizeBytes = name.length + value.length + ENTRY_OVERHEAD
    if (this.#sizeBytes + sizeBytes > this.#maxBytes) return false
    this.#sizeBytes += sizeBytes
    this.#fields.set(`${name}\0${value}`, this.#entryCount++)
    return true
  }

  #literal(bits: number, mask: number, name: string, value: string, nameIndex: number | undefined): void {
    this.#integer(bits, mask, nameIndex ?? 0)
    if (nameIndex === undefined) this.#text(name)
    this.#text(value)
  }

  #integer(bits: number, mask: number, value: number): void {
    if (value < mask) {
      this.#bytes[this.#offset++] = bits | value
      return
    }
    this.#bytes[this.#offset++] = bits | mask
    let rest = value - mask
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#offset++] = (rest % 0x80) | 0x80
    this.#bytes[this.#offset++] = rest
  }

  /** Without Huffman's code: the bytes it saves cost more than they do. */
  #text(text: string): void {
    this.#integer(0, 0x7f, text.length)
    for (let index = 0; index < text.length; index++) this.#bytes[this.#offset++] = text.charCodeAt(index)
  }

  #reserve(textBytes: number): void {
    const needed = this.#offset + textBytes + FIELD_OVERHEAD_BYTES
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(2 * needed)
    this.#bytes.copy(larger, 0, 0, this.#offset)
    this.#bytes = larger
  }
}
