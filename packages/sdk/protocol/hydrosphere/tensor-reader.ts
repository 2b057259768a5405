import { inferShape } from '../../contract/index.ts'
import { ServingError } from '../../errors/index.ts'
import {
  type BytesArray,
  countMismatch,
  type Datatype,
  ELEMENT_SIZE_BYTES,
  elementCount,
  formatShape,
  type Shape,
  type Tensor,
  type TensorData,
  tensorFromBytes,
} from '../../tensor/index.ts'
import type { WireReader } from '../protobuf/wire-reader.ts'
import { LENGTH_DELIMITED } from '../protobuf/wire-types.ts'
import { datatypeOf, MAP_NUMBER } from './data-type-names.ts'
import { WIRE_DATATYPES } from './data-types.ts'
import type { HydrosphereGeneration } from './generation.ts'
import { readPackedStrings } from './packed-strings.ts'
import { finishedShape, newShapeDraft, readShape } from './shape-reader.ts'
import { findValues, readValues, type Values } from './values-reader.ts'

/** The bytes of a tensor in place of a field of values: `tensor_content`, or `binary_val` in G3. */
const CONTENT_TAG = (4 << 3) | LENGTH_DELIMITED
/** `map_val`: the objects of a group. */
export const MAP_TAG = (27 << 3) | LENGTH_DELIMITED

/** A tensor or a group as it is found on the wire, its elements not yet looked at. */
export interface TensorHead {
  readonly name: string
  /** Of the enum `DataType`; 0 for none. */
  readonly number: number
  readonly hasMaps: boolean
  /** -1 stands for the extent that follows from the elements; undefined where there is no shape at all. */
  readonly shape: readonly number[] | undefined
  readonly content: Uint8Array | undefined
  /** What stands in for a shape that is left out. */
  readonly pattern: Shape | undefined
}

/**
 * Reads a `TensorProto` (G1, G2) or `Tensor` (G3), whose bytes are at `ranges`: start and end of each part. Floating-point
 * numbers stay where they are if they lie aligned in memory. A tensor without a shape takes that of `pattern`; without
 * either it is a scalar if it has one element, else a list. One extent of -1 follows from the number of elements.
 * @param pattern the declared shape, if it is known
 * @throws ServingError INVALID_ARGUMENT naming the tensor; UNIMPLEMENTED for a type that Millrace does not have
 */
export function readTensor(
  reader: WireReader,
  name: string,
  ranges: readonly number[],
  generation: HydrosphereGeneration,
  pattern?: Shape,
): Tensor {
  return readRest(reader, readHead(reader, name, ranges, generation, pattern), ranges, generation)
}

/** Whether it is a group. Some writers leave out what says so, and nothing but groups has objects. */
export function isGroup({ number, hasMaps }: TensorHead): boolean {
  return number === MAP_NUMBER || (number === 0 && hasMaps)
}

/**
 * Reads what belongs to the head of a tensor.
 * @throws as {@link readTensor} does
 */
export function readRest(
  reader: WireReader,
  head: TensorHead,
  ranges: readonly number[],
  generation: HydrosphereGeneration,
): Tensor {
  const { name, content } = head
  const datatype = datatypeOf(head.number, `tensor '${name}'`)
  const values = findValues(reader, ranges, name, WIRE_DATATYPES[datatype].field, content !== undefined)
  if (content !== undefined) return contentTensor(head, datatype, content, generation)
  const count = values?.count ?? 0
  const shape = resolveShape(head, count)
  const expected = elementCount(shape, name)
  if (expected !== count) throw invalid(countMismatch(name, shape, expected, count))
  return withData(name, datatype, shape, valuesData(reader, name, datatype, values))
}

/** Reads a tensor or a group but for its elements. */
export function readHead(
  reader: WireReader,
  name: string,
  ranges: readonly number[],
  generation: HydrosphereGeneration,
  pattern: Shape | undefined,
): TensorHead {
  let number = 0
  let hasMaps = false
  let content: Uint8Array | undefined
  const shape = newShapeDraft()
  for (let index = 0; index < ranges.length; index += 2) {
    reader.seek(ranges[index]!, ranges[index + 1]!)
    while (reader.offset < reader.limit) {
      const tag = reader.tag()
      if (tag === 0x08) {
        reader.varint64()
        number = reader.low
      } else if (tag === 0x12) readShape(reader, shape, generation)
      else if (tag === CONTENT_TAG) {
        const bytes = reader.view()
        // Empty says as much as none.
        content = bytes.length > 0 ? bytes : undefined
      } else {
        if (tag === MAP_TAG) hasMaps = true
        reader.skip(tag)
      }
    }
  }
  return {
    name,
    number,
    hasMaps,
    shape: finishedShape(shape),
    content,
    pattern,
  }
}

function contentTensor(
  head: TensorHead,
  datatype: Datatype,
  bytes: Uint8Array,
  generation: HydrosphereGeneration,
): Tensor {
  const { name } = head
  const field = generation === 'G3' ? 'binary_val' : 'tensor_content'
  if (datatype === 'BYTES') {
    if (head.shape === undefined || head.shape.includes(-1)) {
      throw invalid(`tensor '${name}' has strings in ${field}, which need a shape without -1`)
    }
    const count = elementCount(head.shape, name)
    return withData(name, datatype, head.shape, readPackedStrings(bytes, count, name))
  }
  const sizeBytes = ELEMENT_SIZE_BYTES[datatype]
  if (bytes.length % sizeBytes !== 0) {
    throw invalid(
      `tensor '${name}' has ${bytes.length} bytes in ${field}, which are not a multiple of ${sizeBytes}`,
    )
  }
  return tensorFromBytes(name, datatype, resolveShape(head, bytes.length / sizeBytes), bytes)
}

function valuesData(
  reader: WireReader,
  name: string,
  datatype: Datatype,
  values: Values | undefined,
): TensorData {
  if (values !== undefined) return readValues(reader, name, datatype, values)
  return tensorFromBytes(name, datatype, [0], new Uint8Array()).data
}

function resolveShape({ name, shape, pattern }: TensorHead, count: number): Shape {
  if (shape === undefined && pattern !== undefined) return inferShape(pattern, count, name)
  if (shape === undefined) return count === 1 ? [] : [count]
  const free = shape.indexOf(-1)
  if (free === -1) return shape
  if (shape.includes(-1, free + 1)) {
    throw invalid(
      `tensor '${name}' has shape ${formatShape(shape)}; only one extent of a tensor may be -1, which then follows from its elements`,
    )
  }
  return inferShape(shape, count, name)
}

function withData(name: string, datatype: Datatype, shape: Shape, data: TensorData | BytesArray): Tensor {
  // The compiler cannot see that the data has been made for this datatype.
  return { name, datatype, shape, data } as Tensor
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
