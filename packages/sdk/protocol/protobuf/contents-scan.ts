import { ServingError } from '../../errors/index.ts'
import { CONTENTS_FIELDS, type ContentsField } from './contents-fields.ts'
import type { WireReader } from './wire-reader.ts'
import { LENGTH_DELIMITED, VARINT } from './wire-types.ts'

/** Where the `contents` of a tensor lie in the message: start and end of each occurrence, in turn. */
export type ContentsRanges = readonly number[]

/** The one field of `contents` that has elements, and where they are. */
export interface FilledField {
  readonly field: ContentsField
  /** Times the field occurs on the wire: usually once for packed numbers, once an element otherwise. */
  readonly occurrences: number
  /** Of all occurrences, without tags and lengths. */
  readonly sizeBytes: number
  /** The latest occurrence. A single unpacked element is the same bytes as a packed run of one. */
  readonly start: number
  readonly end: number
}

/**
 * Finds the field that has elements; an empty packed run has none.
 * @param where the tensor, for messages
 * @returns undefined if no field has any
 * @throws ServingError INVALID_ARGUMENT when two fields do, or elements are cut off
 */
export function findFilledField(
  reader: WireReader,
  ranges: ContentsRanges,
  where: string,
): FilledField | undefined {
  let filled: { -readonly [K in keyof FilledField]: FilledField[K] } | undefined
  visitContents(reader, ranges, (field, start, end) => {
    checkElements(reader, field, start, end)
    if (filled === undefined) {
      filled = { field, occurrences: 1, sizeBytes: end - start, start, end }
      return
    }
    if (filled.field !== field) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${where} has elements in both ${filled.field.name} and ${field.name}; only one field may have any`,
      )
    }
    filled.occurrences++
    filled.sizeBytes += end - start
    filled.start = start
    filled.end = end
  })
  return filled
}

/**
 * Calls `visit` for every non-empty occurrence of a known field, in wire order.
 * @param fields those to look for, by number; default those of `InferTensorContents`
 */
export function visitContents(
  reader: WireReader,
  ranges: ContentsRanges,
  visit: (field: ContentsField, start: number, end: number) => void,
  fields: readonly (ContentsField | undefined)[] = CONTENTS_FIELDS,
): void {
  for (let index = 0; index < ranges.length; index += 2) {
    reader.seek(ranges[index]!, ranges[index + 1]!)
    while (reader.offset < reader.limit) {
      const tag = reader.tag()
      const field = fields[tag >>> 3]
      const wireType = tag & 7
      if (field === undefined || (wireType !== LENGTH_DELIMITED && wireType !== field.wireType)) {
        reader.skip(tag)
        continue
      }
      const length = wireType === LENGTH_DELIMITED ? reader.length() : 0
      const start = reader.offset
      if (wireType === LENGTH_DELIMITED) reader.offset = start + length
      else reader.skip(tag)
      if (reader.offset > start || field.wireType === LENGTH_DELIMITED) visit(field, start, reader.offset)
    }
  }
}

/** The last element of an occurrence must be whole, or it would merge with the next occurrence. */
export function checkElements(reader: WireReader, field: ContentsField, start: number, end: number): void {
  if (field.sizeBytes > 0 && (end - start) % field.sizeBytes !== 0) {
    throw reader.failure(
      `${field.name} has ${end - start} bytes, which are not a multiple of ${field.sizeBytes}`,
      start,
    )
  }
  if (field.wireType === VARINT && reader.bytes[end - 1]! >= 0x80) {
    throw reader.failure(`${field.name} ends inside a varint`, end - 1)
  }
}
