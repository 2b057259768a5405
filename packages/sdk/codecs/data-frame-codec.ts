import { ServingError } from '../errors/index.ts'
import {
  BytesArray,
  formatShape,
  type Shape,
  type Tensor,
  type TensorLike,
  toTensor,
} from '../tensor/index.ts'
import { base64Codec, textCodec } from './bytes-codecs.ts'
import { type Column, DataFrame } from './data-frame.ts'
import { datetimeCodec } from './datetime-codec.ts'
import { inferDatatype, isWhole } from './infer-datatype.ts'
import { jsonListCodec } from './json-codecs.ts'
import { datatypeOfData, NdArray } from './nd-array.ts'
import type { ReadTensor, RequestCodec } from './request-codec.ts'

/**
 * `pd`: a table, one tensor of shape `[n, 1]` for each column.
 *
 * Numbers keep their typed array's datatype; lists of them are INT64 or FP64, where `null` is NaN.
 * Booleans are BOOL, text is `str`, dates are `datetime`, byte strings are plain BYTES; a column of
 * anything else, or of a mixture, is `pd_json` as a whole.
 *
 * A column is read by its own content type if it has one. Without one, BYTES stay bytes, BOOL are
 * booleans, BF16 are float32 values, and a tensor of rows (`[n, k]`) is a list of arrays.
 */
export const dataFrameCodec: RequestCodec<DataFrame> = {
  contentType: 'pd',
  canEncode: (value): value is DataFrame => DataFrame.is(value),
  encode: frame => Array.from(frame.columns, ([name, column]) => encodeColumn(name, column)),
  decode: tensors => DataFrame.of(tensors.map(read => [read.tensor.name, decodeColumn(read)] as const)),
}

/** An array takes a hundred times the memory of the two bytes that may come for it. */
const MAX_ARRAY_ROWS = 262_144

function encodeColumn(name: string, column: Column): Tensor {
  const shape = [column.length, 1]
  const datatype = datatypeOfData(column)
  if (datatype !== undefined) return toTensor({ name, datatype, shape, data: column } as TensorLike)

  const values = column as readonly unknown[]
  // Of an empty column nothing is known; FP64 is what other libraries take.
  if (values.length > 0 && textCodec.canEncode(values)) return textCodec.encode(name, values)
  if (values.length > 0 && datetimeCodec.canEncode(values)) return datetimeCodec.encode(name, values)
  const isBytes = values.length > 0 && base64Codec.canEncode(values)
  if (isBytes || values.every(value => typeof value === 'boolean') || isNumeric(values)) {
    const plain = isBytes ? 'BYTES' : inferDatatype(name, values)
    const data = plain === 'FP64' ? values.map(value => (value === null ? Number.NaN : value)) : values
    return toTensor({ name, datatype: plain, shape, data } as TensorLike)
  }
  return jsonListCodec.encode(name, values)
}

/** True for a column that one numeric datatype holds: with bigints every number must be whole. */
function isNumeric(values: readonly unknown[]): boolean {
  if (!values.some(value => typeof value === 'bigint')) {
    return values.some(value => typeof value === 'number') && values.every(isNumberOrNull)
  }
  return values.every(isWhole)
}

function isNumberOrNull(value: unknown): boolean {
  return typeof value === 'number' || value === null
}

function decodeColumn({ tensor, codec, value }: ReadTensor): Column {
  if (codec !== undefined && !NdArray.is(value)) {
    if (Array.isArray(value)) return value as readonly unknown[]
    // A content type of one value, such as `json`, makes a column of one row.
    return [value]
  }
  const array = NdArray.fromTensor(tensor)
  const { shape } = array
  if (isColumnShape(shape)) return plainColumn(array)
  if (shape[0]! > MAX_ARRAY_ROWS) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${tensor.name}' has shape ${formatShape(shape)}: content type 'pd' takes at most ${MAX_ARRAY_ROWS} rows that are arrays`,
    )
  }
  if (array.size === 0) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${tensor.name}' has shape ${formatShape(shape)}: content type 'pd' needs rows that are not empty`,
    )
  }
  return Array.from({ length: shape[0]! }, (_, row) => array.row(row)!)
}

/** True where every row is one value. */
function isColumnShape(shape: Shape): boolean {
  return shape.every((extent, axis) => axis === 0 || extent === 1)
}

function plainColumn(array: NdArray): Column {
  const { datatype, data } = array
  if (datatype === 'BOOL' || BytesArray.is(data)) return array.elements()
  return datatype === 'BF16' ? Float32Array.from(array.elements() as number[]) : data
}
