/** Frames of HTTP/2, section 4.1 of RFC 9113, and as much of HPACK as says anything without a table. */

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
export const FLAG = { endStream: 1, acknowledge: 1, endHeaders: 4, padded: 8, priority: 32 } as const

/** What every client sends first. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array,
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length & 0xffffff, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, payload])
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index)
  return bytes
}

/** Fields as literals that are not indexed, with new names (RFC 7541, section 6.2.2). */
export function headerBlock(fields: Iterable<readonly [string, string]>): Buffer {
  return Buffer.concat(
    Array.from(fields, ([name, value]) => Buffer.concat([Buffer.of(0), string(name), string(value)])),
  )
}

/** A length in a prefix of 7 bits, then the bytes as they are (RFC 7541, sections 5.1 and 5.2). */
function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const length: number[] = []
  let rest = bytes.length - 127
  if (rest < 0) length.push(bytes.length)
  else {
    length.push(127)
    for (; rest >= 128; rest >>= 7) length.push((rest & 0x7f) | 0x80)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}
