/** Bytes of a value by its wire type, where they are fixed. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 }
const VARINT = 0
const LENGTH_DELIMITED = 2

/** Where the outermost fields of a protobuf message break the wire format; the generic decoder forgives a length beyond the end. */
export function messageFault(message: Buffer): string | undefined {
  let position = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[position++]
      if (byte === undefined) return Number.NaN
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (position < message.length) {
    const start = position
    const wireType = varint() % 8
    if (wireType === VARINT) {
      if (Number.isNaN(varint())) return `a broken integer at byte ${start}`
      continue
    }
    const sizeBytes = wireType === LENGTH_DELIMITED ? varint() : (FIXED_BYTES[wireType] ?? Number.NaN)
    position += sizeBytes
    if (!(position <= message.length)) return `a broken field at byte ${start}`
  }
  return undefined
}
