import { dataBytes, type Tensor } from '../../tensor/index.ts'
import type { ContentsField } from '../protobuf/contents-fields.ts'
import { varints64Size, varintsSize, writeVarints, writeVarints64 } from '../protobuf/varint-runs.ts'
import { fieldSize, varint64Size, varintSize } from '../protobuf/wire-sizes.ts'
import { LENGTH_DELIMITED } from '../protobuf/wire-types.ts'
import { copiedSize, type WireWriter } from '../protobuf/wire-writer.ts'
import { dataTypeNumber } from './data-type-names.ts'
import { WIRE_DATATYPES } from './data-types.ts'
import type { HydrosphereGeneration } from './generation.ts'

const DTYPE_TAG = 0x08
const SHAPE_TAG = 0x12

/** A tensor message measured. */
export interface TensorPlan {
  readonly tensor: Tensor
  readonly generation: HydrosphereGeneration
  readonly number: number
  readonly field: ContentsField
  /** Of the shape message, without tag and length. */
  readonly shapeSize: number
  /** Of the packed run, or of all strings with tags and lengths. */
  readonly valuesSize: number
  /** Of the whole message. */
  readonly sizeBytes: number
  /** What of `sizeBytes` is copied; the rest goes by reference. */
  readonly copiedBytes: number
}

/**
 * Measures a `TensorProto` (G1, G2) or `Tensor` (G3).
 * @throws ServingError UNIMPLEMENTED for a datatype that the generation cannot carry
 */
export function planTensor(tensor: Tensor, generation: HydrosphereGeneration): TensorPlan {
  const number = dataTypeNumber(tensor.datatype, generation, `tensor '${tensor.name}'`)
  const { field } = WIRE_DATATYPES[tensor.datatype]
  const sizeOfShape = shapeSize(tensor.shape, generation)
  let valuesSize = 0
  let referencedBytes = 0
  if (tensor.datatype === 'BYTES') {
    for (const element of tensor.data) {
      valuesSize += fieldSize(element.length)
      referencedBytes += element.length - copiedSize(element)
    }
  } else {
    valuesSize = packedSize(tensor)
    if (isSameInMemory(tensor)) referencedBytes = valuesSize - copiedSize(dataBytes(tensor.data))
  }
  const headSize = tensor.datatype === 'BYTES' || valuesSize === 0 ? 0 : packedHeadSize(field, valuesSize)
  const sizeBytes = 2 + fieldSize(sizeOfShape) + headSize + valuesSize
  return {
    tensor,
    generation,
    number,
    field,
    shapeSize: sizeOfShape,
    valuesSize,
    sizeBytes,
    copiedBytes: sizeBytes - referencedBytes,
  }
}

/** Writes the message, without tag and length. */
export function writeTensor(writer: WireWriter, plan: TensorPlan): void {
  const { tensor, field, valuesSize } = plan
  writeHead(writer, plan.number, tensor.shape, plan.shapeSize, plan.generation)
  const tag = (field.number << 3) | LENGTH_DELIMITED
  if (tensor.datatype === 'BYTES') {
    for (const element of tensor.data) {
      writer.head(tag, element.length)
      writer.payload(element)
    }
    return
  }
  if (valuesSize === 0) return
  // Tags of fields above 15 take two bytes.
  writer.varint(tag)
  writer.varint(valuesSize)
  writeValues(writer, tensor, valuesSize)
}

/** Of a shape's message, without tag and length. */
export function shapeSize(shape: readonly number[], generation: HydrosphereGeneration): number {
  return generation === 'G3' ? packedShapeSize(shape) : dimensionsSize(shape)
}

/** Writes what every tensor and group begins with: number of its type, and shape. */
export function writeHead(
  writer: WireWriter,
  number: number,
  shape: readonly number[],
  sizeOfShape: number,
  generation: HydrosphereGeneration,
): void {
  writer.byte(DTYPE_TAG)
  writer.byte(number)
  // A scalar's shape is a message with nothing in it, which must be there.
  writer.head(SHAPE_TAG, sizeOfShape)
  if (generation === 'G3') writePackedShape(writer, shape)
  else writeDimensions(writer, shape)
}

function writeValues(writer: WireWriter, tensor: Exclude<Tensor, Tensor<'BYTES'>>, valuesSize: number): void {
  const { datatype, data } = tensor
  switch (datatype) {
    case 'BOOL':
    case 'FP32':
    case 'FP64':
      writer.payload(dataBytes(data))
      break
    case 'INT64':
    case 'UINT64':
      writeVarints64(writer.buffer, writer.reserve(valuesSize), data)
      break
    case 'FP16':
      writeVarints(writer.buffer, writer.reserve(valuesSize), bitsOf(data))
      break
    default:
      writeVarints(writer.buffer, writer.reserve(valuesSize), data)
  }
}

/** True where the packed run is the tensor's own bytes. */
function isSameInMemory({ datatype }: Tensor): boolean {
  return datatype === 'BOOL' || datatype === 'FP32' || datatype === 'FP64'
}

function packedSize({ datatype, data }: Exclude<Tensor, Tensor<'BYTES'>>): number {
  switch (datatype) {
    case 'BOOL':
    case 'FP32':
    case 'FP64':
      return data.byteLength
    case 'INT64':
    case 'UINT64':
      return varints64Size(data)
    case 'FP16':
      return varintsSize(bitsOf(data))
    default:
      return varintsSize(data)
  }
}

function packedHeadSize({ number }: ContentsField, valuesSize: number): number {
  return (number > 15 ? 2 : 1) + varintSize(valuesSize)
}

function bitsOf(data: Float16Array): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.length)
}

function packedShapeSize(shape: readonly number[]): number {
  if (shape.length === 0) return 0
  let size = 0
  for (const extent of shape) size += extentSize(extent)
  return fieldSize(size)
}

function writePackedShape(writer: WireWriter, shape: readonly number[]): void {
  if (shape.length === 0) return
  let size = 0
  for (const extent of shape) size += extentSize(extent)
  writer.head(0x0a, size)
  for (const extent of shape) writer.varint(extent)
}

function dimensionsSize(shape: readonly number[]): number {
  let size = 0
  for (const extent of shape) size += fieldSize(extent === 0 ? 0 : 1 + extentSize(extent))
  return size
}

function writeDimensions(writer: WireWriter, shape: readonly number[]): void {
  for (const extent of shape) {
    writer.head(0x12, extent === 0 ? 0 : 1 + extentSize(extent))
    if (extent === 0) continue
    writer.byte(0x08)
    writer.varint(extent)
  }
}

function extentSize(extent: number): number {
  return varint64Size(extent | 0, Math.floor(extent / 0x1_0000_0000))
}
