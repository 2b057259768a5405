import type { Datatype } from '../../tensor/index.ts'
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-types.ts'

/** A field of `InferTensorContents`. */
export interface ContentsField {
  readonly number: number
  /** As clients know it. */
  readonly name: string
  /** How one element lies on the wire when it is not packed. */
  readonly wireType: number
  /** Bytes of a packed element, or 0 where they vary. */
  readonly sizeBytes: number
}

const BOOL: ContentsField = { number: 1, name: 'bool_contents', wireType: VARINT, sizeBytes: 0 }
const INT: ContentsField = { number: 2, name: 'int_contents', wireType: VARINT, sizeBytes: 0 }
const INT64: ContentsField = { number: 3, name: 'int64_contents', wireType: VARINT, sizeBytes: 0 }
const UINT: ContentsField = { number: 4, name: 'uint_contents', wireType: VARINT, sizeBytes: 0 }
const UINT64: ContentsField = { number: 5, name: 'uint64_contents', wireType: VARINT, sizeBytes: 0 }
const FP32: ContentsField = { number: 6, name: 'fp32_contents', wireType: FIXED32, sizeBytes: 4 }
const FP64: ContentsField = { number: 7, name: 'fp64_contents', wireType: FIXED64, sizeBytes: 8 }
/** Its elements are never packed. */
export const BYTES_FIELD: ContentsField = {
  number: 8,
  name: 'bytes_contents',
  wireType: LENGTH_DELIMITED,
  sizeBytes: 0,
}

/** The fields of `InferTensorContents` by number. */
export const CONTENTS_FIELDS: readonly (ContentsField | undefined)[] = [
  undefined,
  BOOL,
  INT,
  INT64,
  UINT,
  UINT64,
  FP32,
  FP64,
  BYTES_FIELD,
]

/** Where each datatype's elements go; `undefined` for those that have only the raw form. */
export const FIELD_OF: Readonly<Record<Datatype, ContentsField | undefined>> = {
  BOOL,
  UINT8: UINT,
  UINT16: UINT,
  UINT32: UINT,
  UINT64,
  INT8: INT,
  INT16: INT,
  INT32: INT,
  INT64,
  FP16: undefined,
  FP32,
  FP64,
  BF16: undefined,
  BYTES: BYTES_FIELD,
}
