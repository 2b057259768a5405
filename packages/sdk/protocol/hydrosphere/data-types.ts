import type { Datatype } from '../../tensor/index.ts'
import type { ContentsField } from '../protobuf/contents-fields.ts'
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from '../protobuf/wire-types.ts'

const FLOAT: ContentsField = { number: 5, name: 'float_val', wireType: FIXED32, sizeBytes: 4 }
const DOUBLE: ContentsField = { number: 6, name: 'double_val', wireType: FIXED64, sizeBytes: 8 }
const INT: ContentsField = { number: 7, name: 'int_val', wireType: VARINT, sizeBytes: 0 }
const STRING: ContentsField = { number: 8, name: 'string_val', wireType: LENGTH_DELIMITED, sizeBytes: 0 }
const SCOMPLEX: ContentsField = { number: 9, name: 'scomplex_val', wireType: FIXED32, sizeBytes: 4 }
const INT64: ContentsField = { number: 10, name: 'int64_val', wireType: VARINT, sizeBytes: 0 }
const BOOL: ContentsField = { number: 11, name: 'bool_val', wireType: VARINT, sizeBytes: 0 }
const DCOMPLEX: ContentsField = { number: 12, name: 'dcomplex_val', wireType: FIXED64, sizeBytes: 8 }
const HALF: ContentsField = { number: 13, name: 'half_val', wireType: VARINT, sizeBytes: 0 }
const UINT32: ContentsField = { number: 16, name: 'uint32_val', wireType: VARINT, sizeBytes: 0 }
const UINT64: ContentsField = { number: 17, name: 'uint64_val', wireType: VARINT, sizeBytes: 0 }

/** The fields of a tensor that hold elements, by number. */
export const VALUE_FIELDS: readonly (ContentsField | undefined)[] = Array.from({ length: 18 }, (_, number) =>
  [FLOAT, DOUBLE, INT, STRING, SCOMPLEX, INT64, BOOL, DCOMPLEX, HALF, UINT32, UINT64].find(
    field => field.number === number,
  ),
)

/** How a datatype travels. */
export interface WireDatatype {
  /** Of the enum `DataType`. */
  readonly number: number
  readonly field: ContentsField
}

/** `BF16` lies in `half_val`, where TensorFlow puts it; G3 has no number for it. */
export const WIRE_DATATYPES: Readonly<Record<Datatype, WireDatatype>> = {
  BOOL: { number: 10, field: BOOL },
  UINT8: { number: 4, field: INT },
  UINT16: { number: 17, field: INT },
  UINT32: { number: 22, field: UINT32 },
  UINT64: { number: 23, field: UINT64 },
  INT8: { number: 6, field: INT },
  INT16: { number: 5, field: INT },
  INT32: { number: 3, field: INT },
  INT64: { number: 9, field: INT64 },
  FP16: { number: 19, field: HALF },
  FP32: { number: 1, field: FLOAT },
  FP64: { number: 2, field: DOUBLE },
  BF16: { number: 14, field: HALF },
  BYTES: { number: 7, field: STRING },
}
