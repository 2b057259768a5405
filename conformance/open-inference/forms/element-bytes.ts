import type { Element } from './tensor-value.ts'

/** How one element of a datatype with a fixed size is written and read, little-endian. */
interface ElementLayout {
  readonly sizeBytes: number
  readonly write: (bytes: Buffer, value: never, offset: number) => void
  readonly read: (bytes: Buffer, offset: number) => Element
}

const LAYOUTS: Readonly<Record<string, ElementLayout>> = {
  BOOL: layout(
    1,
    (b, v: boolean, at) => b.writeUInt8(v ? 1 : 0, at),
    (b, at) => b.readUInt8(at) === 1,
  ),
  UINT8: layout(
    1,
    (b, v: number, at) => b.writeUInt8(v, at),
    (b, at) => b.readUInt8(at),
  ),
  UINT16: layout(
    2,
    (b, v: number, at) => b.writeUInt16LE(v, at),
    (b, at) => b.readUInt16LE(at),
  ),
  UINT32: layout(
    4,
    (b, v: number, at) => b.writeUInt32LE(v, at),
    (b, at) => b.readUInt32LE(at),
  ),
  UINT64: layout(
    8,
    (b, v: bigint, at) => b.writeBigUInt64LE(v, at),
    (b, at) => b.readBigUInt64LE(at),
  ),
  INT8: layout(
    1,
    (b, v: number, at) => b.writeInt8(v, at),
    (b, at) => b.readInt8(at),
  ),
  INT16: layout(
    2,
    (b, v: number, at) => b.writeInt16LE(v, at),
    (b, at) => b.readInt16LE(at),
  ),
  INT32: layout(
    4,
    (b, v: number, at) => b.writeInt32LE(v, at),
    (b, at) => b.readInt32LE(at),
  ),
  INT64: layout(
    8,
    (b, v: bigint, at) => b.writeBigInt64LE(v, at),
    (b, at) => b.readBigInt64LE(at),
  ),
  FP16: layout(2, writeHalf, readHalf),
  FP32: layout(
    4,
    (b, v: number, at) => b.writeFloatLE(v, at),
    (b, at) => b.readFloatLE(at),
  ),
  FP64: layout(
    8,
    (b, v: number, at) => b.writeDoubleLE(v, at),
    (b, at) => b.readDoubleLE(at),
  ),
  BF16: layout(2, writeBrainFloat, readBrainFloat),
}
/** For datatypes that do not exist; the server should not get as far as the bytes. */
const UNKNOWN = LAYOUTS['INT32']!

function layout<V extends Element>(
  sizeBytes: number,
  write: (bytes: Buffer, value: V, offset: number) => void,
  read: (bytes: Buffer, offset: number) => V,
): ElementLayout {
  return { sizeBytes, write, read }
}

/** Elements as the binary tensor extension and raw contents carry them. */
export function packElements(datatype: string, data: readonly Element[]): Buffer {
  if (datatype === 'BYTES') return Buffer.concat(data.flatMap(prefixed))
  const { sizeBytes, write } = LAYOUTS[datatype] ?? UNKNOWN
  const bytes = Buffer.alloc(sizeBytes * data.length)
  for (const [index, value] of data.entries()) write(bytes, value as never, index * sizeBytes)
  return bytes
}

export function unpackElements(datatype: string, bytes: Buffer): Element[] {
  if (datatype === 'BYTES') return unprefixed(bytes)
  const { sizeBytes, read } = LAYOUTS[datatype] ?? UNKNOWN
  return Array.from({ length: bytes.length / sizeBytes }, (_, index) => read(bytes, index * sizeBytes))
}

/** Text and bytes as bytes. */
export function toBytes(element: Element): Uint8Array {
  return element instanceof Uint8Array ? element : Buffer.from(element as string)
}

function prefixed(element: Element): Uint8Array[] {
  const bytes = toBytes(element)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return [length, bytes]
}

function unprefixed(bytes: Buffer): Uint8Array[] {
  const elements: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + bytes.readUInt32LE(offset)
    elements.push(bytes.subarray(offset + 4, end))
    offset = end
  }
  return elements
}

function writeHalf(bytes: Buffer, value: number, offset: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setFloat16(offset, value, true)
}

function readHalf(bytes: Buffer, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat16(offset, true)
}

/** The upper half of a float32, which is exact for the values that the rows have. */
function writeBrainFloat(bytes: Buffer, value: number, offset: number): void {
  const float = Buffer.alloc(4)
  float.writeFloatLE(value)
  float.copy(bytes, offset, 2)
}

function readBrainFloat(bytes: Buffer, offset: number): number {
  const float = Buffer.alloc(4)
  bytes.copy(float, 2, offset, offset + 2)
  return float.readFloatLE()
}
