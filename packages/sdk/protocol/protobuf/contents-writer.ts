import { dataBytes, type Tensor } from '../../tensor/index.ts'
import { BYTES_FIELD, type ContentsField, FIELD_OF } from './contents-fields.ts'
import { varints64Size, varintsSize, writeVarints, writeVarints64 } from './varint-runs.ts'
import { fieldSize, varintSize } from './wire-sizes.ts'
import { copiedSize, type WireWriter } from './wire-writer.ts'

const PREFIX_BYTES = 4
/** `bytes_contents`, and the wire type of everything packed. */
const BYTES_TAG = tagOf(BYTES_FIELD)

/** The typed `contents` of one tensor, measured. */
export interface ContentsPlan {
  readonly tensor: Tensor
  readonly field: ContentsField
  /** Of the packed run, or of all elements with tags and lengths for `bytes_contents`. */
  readonly valuesSize: number
  /** Of the InferTensorContents message. */
  readonly sizeBytes: number
  /** What of `sizeBytes` is copied; the rest goes by reference. */
  readonly copiedBytes: number
}

/** True for tensors that have no typed form. */
export function isRawOnly(tensor: Tensor): boolean {
  return FIELD_OF[tensor.datatype] === undefined
}

/** @returns undefined for a tensor without elements, whose `contents` are left out, and for one that is raw only */
export function planContents(tensor: Tensor): ContentsPlan | undefined {
  const field = FIELD_OF[tensor.datatype]
  if (field === undefined || tensor.data.length === 0) return undefined
  if (tensor.datatype === 'BYTES') return planByteStrings(tensor, field)
  const valuesSize = packedSize(tensor)
  const sizeBytes = fieldSize(valuesSize)
  const referencedBytes = isSameInMemory(tensor) ? valuesSize - copiedSize(dataBytes(tensor.data)) : 0
  return { tensor, field, valuesSize, sizeBytes, copiedBytes: sizeBytes - referencedBytes }
}

/** Writes the InferTensorContents message, without tag and length. */
export function writeContents(writer: WireWriter, { tensor, field, valuesSize }: ContentsPlan): void {
  if (tensor.datatype === 'BYTES') {
    forEachElement(tensor.data.packed(), element => {
      writer.head(BYTES_TAG, element.length)
      writer.payload(element)
    })
    return
  }
  writer.head(tagOf(field), valuesSize)
  const { datatype, data } = tensor
  switch (datatype) {
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'INT8':
    case 'INT16':
    case 'INT32':
      writeVarints(writer.buffer, writer.reserve(valuesSize), data)
      break
    case 'INT64':
    case 'UINT64':
      writeVarints64(writer.buffer, writer.reserve(valuesSize), data)
      break
    default:
      writer.payload(dataBytes(data))
  }
}

function planByteStrings(tensor: Tensor<'BYTES'>, field: ContentsField): ContentsPlan {
  let sizeBytes = 0
  let copiedBytes = 0
  forEachElement(tensor.data.packed(), element => {
    const headBytes = 1 + varintSize(element.length)
    sizeBytes += headBytes + element.length
    copiedBytes += headBytes + copiedSize(element)
  })
  return { tensor, field, valuesSize: sizeBytes, sizeBytes, copiedBytes }
}

/**
 * True where the packed run is the tensor's own bytes: a BOOL's bytes are its varints, and floating-point
 * numbers are fixed-size and little-endian on the wire as in memory.
 */
function isSameInMemory({ datatype }: Tensor): boolean {
  return datatype === 'BOOL' || datatype === 'FP32' || datatype === 'FP64'
}

function packedSize({ datatype, data }: Tensor): number {
  switch (datatype) {
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return varintsSize(data)
    case 'INT64':
    case 'UINT64':
      return varints64Size(data)
    default:
      return dataBytes(data).length
  }
}

/** Walks elements that each follow their 4-byte length; BytesArray has made sure that they fit. */
function forEachElement(packed: Uint8Array, visit: (element: Uint8Array) => void): void {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  let offset = 0
  while (offset < packed.length) {
    const start = offset + PREFIX_BYTES
    offset = start + view.getUint32(offset, true)
    visit(packed.subarray(start, offset))
  }
}

function tagOf(field: ContentsField): number {
  return (field.number << 3) | 2
}
