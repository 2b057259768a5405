import { ServingError } from '../../errors/index.ts'
import {
  allocateData,
  BytesArray,
  countMismatch,
  type Datatype,
  elementCount,
  type Shape,
  type TensorData,
  viewData,
} from '../../tensor/index.ts'
import { BYTES_FIELD, type ContentsField, FIELD_OF } from './contents-fields.ts'
import { type ContentsRanges, type FilledField, findFilledField, visitContents } from './contents-scan.ts'
import { readExactElements } from './exact-elements.ts'
import { countVarints, readBooleans, readIntegers, readIntegers64 } from './varint-elements.ts'
import { WireReader } from './wire-reader.ts'

/** What is known of a tensor before its elements are read. */
export interface ContentsTarget {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: Shape
  /** Absent if the message has no `contents` for this tensor, or empty ones. */
  readonly contents: ContentsRanges | undefined
}

/** Runs shorter than this are joined byte by byte, which costs less than making a view of each. */
const SHORT_RUN_BYTES = 32

/**
 * The elements of a tensor from its typed `contents`. FP32 and FP64 stay where they are if they lie
 * aligned in memory; everything else is laid straight into its array. Memory is taken only once the
 * bytes are known to be able to hold as many elements as the shape asks for.
 *
 * Elements belong in the datatype's own field. Another numeric field is accepted as MLServer does,
 * as long as each value is exactly one of the datatype's.
 * @throws ServingError INVALID_ARGUMENT naming the tensor
 */
export function readContents(reader: WireReader, target: ContentsTarget): TensorData {
  const { name, datatype, shape } = target
  const count = elementCount(shape, name)
  const filled = target.contents && findFilledField(reader, target.contents, `tensor '${name}'`)
  if (filled === undefined) {
    if (count !== 0) throw mismatch(target, count, 0)
    return datatype === 'BYTES' ? BytesArray.from([]) : allocateData(datatype, 0)
  }
  const own = FIELD_OF[datatype]
  checkField(name, datatype, filled.field, own)
  if (filled.field === BYTES_FIELD) return readByteStrings(reader, target, filled, count)
  const run = toRun(reader, target, filled)
  checkCount(run, target, filled.field, count)
  return filled.field === own
    ? readOwn(run, name, datatype, count)
    : readExactElements(run, filled.field, name, datatype, count)
}

/** The elements from the datatype's own field. */
function readOwn(run: WireReader, name: string, datatype: Datatype, count: number): TensorData {
  switch (datatype) {
    case 'BOOL':
      return readBooleans(run, count)
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return readIntegers(run, name, datatype, count)
    case 'INT64':
      return readIntegers64(run, new BigInt64Array(count))
    case 'UINT64':
      return readIntegers64(run, new BigUint64Array(count))
    default:
      return viewData(
        datatype === 'FP64' ? 'FP64' : 'FP32',
        new Uint8Array(run.bytes.buffer, run.bytes.byteOffset + run.offset, run.limit - run.offset),
      )
  }
}

/** A reader that stands on all elements as one packed run; occurrences beyond the first are joined to it. */
function toRun(reader: WireReader, target: ContentsTarget, filled: FilledField): WireReader {
  if (filled.occurrences === 1) {
    reader.seek(filled.start, filled.end)
    return reader
  }
  const joined = new Uint8Array(filled.sizeBytes)
  let offset = 0
  visitContents(reader, target.contents!, (_, start, end) => {
    copyInto(joined, offset, reader.bytes, start, end)
    offset += end - start
  })
  return new WireReader(joined)
}

/** The elements of `bytes_contents` with length prefixes, as BytesArray holds them. */
function readByteStrings(
  reader: WireReader,
  target: ContentsTarget,
  filled: FilledField,
  count: number,
): BytesArray {
  const { occurrences, sizeBytes } = filled
  if (occurrences !== count) throw mismatch(target, count, occurrences)
  const packed = new Uint8Array(sizeBytes + 4 * count)
  let offset = 0
  visitContents(reader, target.contents!, (_, start, end) => {
    const length = end - start
    packed[offset] = length
    packed[offset + 1] = length >>> 8
    packed[offset + 2] = length >>> 16
    packed[offset + 3] = length >>> 24
    copyInto(packed, offset + 4, reader.bytes, start, end)
    offset += 4 + length
  })
  return BytesArray.fromPacked(packed, count)
}

function copyInto(to: Uint8Array, offset: number, from: Uint8Array, start: number, end: number): void {
  if (end - start >= SHORT_RUN_BYTES) {
    to.set(from.subarray(start, end), offset)
    return
  }
  for (let index = start; index < end; index++) to[offset + index - start] = from[index]!
}

function checkField(
  name: string,
  datatype: Datatype,
  field: ContentsField,
  own: ContentsField | undefined,
): void {
  if (own === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}' has ${datatype} elements in ${field.name}; ${datatype} travels only in the raw form, as raw_input_contents or raw_output_contents`,
    )
  }
  if (field !== own && (field === BYTES_FIELD || own === BYTES_FIELD)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}', element 0: ${field.name} cannot hold ${datatype}; its elements go in ${own.name}`,
    )
  }
}

function checkCount(run: WireReader, target: ContentsTarget, field: ContentsField, count: number): void {
  const sizeBytes = run.limit - run.offset
  // An exact count up front bounds the memory that is taken and spares the readers a check an element.
  const actual = field.sizeBytes > 0 ? sizeBytes / field.sizeBytes : countVarints(run)
  if (actual !== count) throw mismatch(target, count, actual)
}

function mismatch({ name, shape }: ContentsTarget, expected: number, actual: number): ServingError {
  return new ServingError('INVALID_ARGUMENT', countMismatch(name, shape, expected, actual))
}
