import { ServingError } from '../../errors/index.ts'
import { BytesArray, type Datatype, type TensorData, viewData } from '../../tensor/index.ts'
import type { ContentsField } from '../protobuf/contents-fields.ts'
import { checkElements, visitContents } from '../protobuf/contents-scan.ts'
import { countVarints, readBooleans, readIntegers, readIntegers64 } from '../protobuf/varint-elements.ts'
import { WireReader } from '../protobuf/wire-reader.ts'
import { LENGTH_DELIMITED } from '../protobuf/wire-types.ts'
import { VALUE_FIELDS } from './data-types.ts'

/** The elements of a tensor on the wire, found and counted. */
export interface Values {
  readonly field: ContentsField
  readonly count: number
  /** The packed run of numbers; of strings the message's own reader, because each lies in a field of its own. */
  readonly run: WireReader
  readonly ranges: readonly number[]
  /** Of all strings, without tags and lengths. */
  readonly sizeBytes: number
}

/**
 * Finds the elements in the field of the tensor's own type; others mean nothing.
 * @param hasContent whether the elements are elsewhere, so that there must be none here
 * @returns undefined if there are none
 * @throws ServingError INVALID_ARGUMENT when they are cut off, or lie in another type's field alone
 */
export function findValues(
  reader: WireReader,
  ranges: readonly number[],
  name: string,
  own: ContentsField,
  hasContent: boolean,
): Values | undefined {
  let occurrences = 0
  let sizeBytes = 0
  let latestStart = 0
  let latestEnd = 0
  let other: ContentsField | undefined
  visitContents(
    reader,
    ranges,
    (field, start, end) => {
      if (field !== own) {
        other = field
        return
      }
      checkElements(reader, field, start, end)
      occurrences++
      sizeBytes += end - start
      latestStart = start
      latestEnd = end
    },
    VALUE_FIELDS,
  )
  if (occurrences === 0) {
    if (other === undefined || hasContent) return undefined
    throw invalid(`tensor '${name}' has its elements in ${other.name}; those of its dtype go in ${own.name}`)
  }
  if (hasContent) {
    throw invalid(`tensor '${name}' has elements both in ${own.name} and as bytes; only one may be there`)
  }
  if (own.wireType === LENGTH_DELIMITED) {
    return { field: own, count: occurrences, run: reader, ranges, sizeBytes }
  }
  const run = occurrences === 1 ? new WireReader(reader.bytes) : joined(reader, ranges, own, sizeBytes)
  if (occurrences === 1) run.seek(latestStart, latestEnd)
  const count = own.sizeBytes > 0 ? sizeBytes / own.sizeBytes : countVarints(run)
  return { field: own, count, run, ranges, sizeBytes }
}

/**
 * The elements as an array. Memory is taken for as many as were counted.
 * @throws ServingError INVALID_ARGUMENT naming the first element that is out of the datatype's range
 */
export function readValues(reader: WireReader, name: string, datatype: Datatype, values: Values): TensorData {
  const { field, run, count } = values
  switch (datatype) {
    case 'BYTES':
      return readStrings(reader, values)
    case 'BOOL':
      return readBooleans(run, count)
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'UINT8':
    case 'UINT16':
      return readIntegers(run, name, datatype, count, field.name, false)
    case 'UINT32':
      return readIntegers(run, name, datatype, count, field.name)
    case 'INT64':
      return readIntegers64(run, new BigInt64Array(count))
    case 'UINT64':
      return readIntegers64(run, new BigUint64Array(count))
    case 'FP16':
      return new Float16Array(readBits(run, name, count, field.name).buffer)
    case 'BF16':
      return readBits(run, name, count, field.name)
    default:
      return viewData(
        datatype,
        new Uint8Array(run.bytes.buffer, run.bytes.byteOffset + run.offset, run.limit - run.offset),
      )
  }
}

/** The 16 bits of each number. */
function readBits(run: WireReader, name: string, count: number, field: string): Uint16Array<ArrayBuffer> {
  return readIntegers(run, name, 'UINT16', count, field) as Uint16Array<ArrayBuffer>
}

/** The strings with length prefixes, as BytesArray holds them. */
function readStrings(reader: WireReader, { ranges, field, count, sizeBytes }: Values): BytesArray {
  const packed = new Uint8Array(sizeBytes + 4 * count)
  const view = new DataView(packed.buffer)
  let offset = 0
  visitOwn(reader, ranges, field, (start, end) => {
    view.setUint32(offset, end - start, true)
    packed.set(reader.bytes.subarray(start, end), offset + 4)
    offset += 4 + end - start
  })
  return BytesArray.fromPacked(packed, count)
}

/** The parts of a field that is not one packed run, joined to one. */
function joined(
  reader: WireReader,
  ranges: readonly number[],
  field: ContentsField,
  sizeBytes: number,
): WireReader {
  const bytes = new Uint8Array(sizeBytes)
  let offset = 0
  visitOwn(reader, ranges, field, (start, end) => {
    for (let index = start; index < end; index++) bytes[offset++] = reader.bytes[index]!
  })
  return new WireReader(bytes)
}

function visitOwn(
  reader: WireReader,
  ranges: readonly number[],
  own: ContentsField,
  visit: (start: number, end: number) => void,
): void {
  visitContents(
    reader,
    ranges,
    (field, start, end) => {
      if (field === own) visit(start, end)
    },
    VALUE_FIELDS,
  )
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
