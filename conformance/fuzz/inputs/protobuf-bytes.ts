/** Pieces of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/), the wrong ones included. */

/** A variable-length integer; `paddingBytes` more bytes than it needs are allowed up to ten in all. */
export function varint(value: bigint, paddingBytes = 0): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  } while (rest > 0n)
  for (let padding = 0; padding < paddingBytes; padding++) bytes.push(0x80)
  bytes[bytes.length - 1]! &= 0x7f
  return Buffer.from(bytes)
}

/** The key of a field. Wire types: 0 varint, 1 fixed64, 2 length-delimited, 3 and 4 group, 5 fixed32; 6 and 7 do not exist. */
export function key(field: number, wireType: number): Buffer {
  return varint((BigInt(field) << 3n) | BigInt(wireType))
}

export function lengthDelimited(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([key(field, 2), varint(BigInt(content.length)), content])
}

export function text(field: number, value: string): Buffer {
  return lengthDelimited(field, Buffer.from(value))
}

export function integer(field: number, value: bigint): Buffer {
  return Buffer.concat([key(field, 0), varint(value)])
}

export function packed(field: number, values: readonly bigint[]): Buffer {
  return lengthDelimited(field, Buffer.concat(values.map(value => varint(value))))
}

/** Groups inside groups, which only old messages have and every reader must be able to skip. */
export function nestedGroups(field: number, depth: number, isClosed: boolean): Buffer {
  const repeated = (bytes: Buffer) => Buffer.alloc(depth * bytes.length, bytes)
  return isClosed
    ? Buffer.concat([repeated(key(field, 3)), repeated(key(field, 4))])
    : repeated(key(field, 3))
}
