import { GROUP_LIMITS } from '@millrace/sdk/protocol'

/**
 * The gateway's methods have one path for two generations, whose messages differ in how a tensor says its shape: as
 * `dim` = 2, a message for each extent, or as `dims` = 1, packed integers. So the first shape tells.
 *
 *     request   { 1 name, 2 data: map entry { 1 name, 2 tensor } }
 *     tensor    { 2 shape { 1 dims (G3) | 2 dim, 3 unknown_rank (G2) }, 27 object { 1 members: map entry { 1 name, 2 tensor } } }
 *
 * @returns undefined where no shape has anything in it: both generations write scalars alike
 */
export function gatewayGeneration(message: Uint8Array): 'G2' | 'G3' | undefined {
  try {
    return ofMap(new Fields(message), DATA, 0)
  } catch {
    // Broken bytes are for the decoder to tell of.
    return undefined
  }
}

const LENGTH_DELIMITED = 2

// Numbers of fields.
const DATA = 2
const ENTRY_VALUE = 2
const SHAPE = 2
const OBJECT = 27
const MEMBERS = 1

type Generation = 'G2' | 'G3' | undefined

function ofMap(message: Fields, entries: number, depth: number): Generation {
  for (const [, entry] of message.messages(entries)) {
    for (const [, tensor] of entry.messages(ENTRY_VALUE)) {
      const found = ofTensor(tensor, depth)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function ofTensor(tensor: Fields, depth: number): Generation {
  for (const [number, part] of tensor.messages(SHAPE, OBJECT)) {
    if (number === SHAPE) {
      const first = part.firstField()
      if (first !== 0) return first === 1 ? 'G3' : 'G2'
    } else if (depth < GROUP_LIMITS.depth) {
      const found = ofMap(part, MEMBERS, depth + 1)
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** A walk over the fields of one message. */
class Fields {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The messages of one field or two, with its number. */
  *messages(number: number, other = number): Generator<readonly [number: number, message: Fields]> {
    while (this.#offset < this.#bytes.length) {
      const tag = this.#varint()
      const content = this.#content(tag & 7)
      const found = tag >>> 3
      if (content !== undefined && (found === number || found === other)) yield [found, new Fields(content)]
    }
  }

  /** Number of the first field; 0 for none. */
  firstField(): number {
    return this.#bytes.length === 0 ? 0 : this.#varint() >>> 3
  }

  #content(wireType: number): Uint8Array | undefined {
    if (wireType === LENGTH_DELIMITED) {
      const length = this.#varint()
      const start = this.#skip(length)
      return this.#bytes.subarray(start, start + length)
    }
    if (wireType === 0) this.#varint()
    else if (wireType === 1) this.#skip(8)
    else if (wireType === 5) this.#skip(4)
    else throw new RangeError('no such wire type')
    return undefined
  }

  #skip(length: number): number {
    const start = this.#offset
    this.#offset += length
    if (this.#offset > this.#bytes.length) throw new RangeError('the message ends too soon')
    return start
  }

  #varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#offset++]
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('no integer')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
}
