import { BytesArray } from './bytes-array.ts'

/**
 * What holds the elements of a tensor in memory, by V2 datatype (Open Inference Protocol,
 * "Tensor Data Types"). All are views over little-endian bytes, row-major.
 *
 * `BOOL` is one byte per element, 0 or 1. `BF16` has no typed array in JavaScript: its elements are
 * the upper 16 bits of a float32 (see `bf16ToFloat32`).
 */
export interface DataByDatatype {
  BOOL: Uint8Array
  UINT8: Uint8Array
  UINT16: Uint16Array
  UINT32: Uint32Array
  UINT64: BigUint64Array
  INT8: Int8Array
  INT16: Int16Array
  INT32: Int32Array
  INT64: BigInt64Array
  FP16: Float16Array
  FP32: Float32Array
  FP64: Float64Array
  BF16: Uint16Array
  BYTES: BytesArray
}

export type Datatype = keyof DataByDatatype
export type NumericDatatype = Exclude<Datatype, 'BYTES'>
export type TensorData = DataByDatatype[Datatype]
export type NumericData = DataByDatatype[NumericDatatype]

/** Every datatype, in the order in which error messages list them. */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BF16',
  'BYTES',
] as const satisfies readonly Datatype[]

/** Bytes per element; 0 for `BYTES`, whose elements vary. */
export const ELEMENT_SIZE_BYTES: Readonly<Record<Datatype, number>> = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BF16: 2,
  BYTES: 0,
}

interface NumericArrayConstructor<T> {
  readonly name: string
  new (length: number): T
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T
}

const ARRAYS: { readonly [D in NumericDatatype]: NumericArrayConstructor<DataByDatatype[D]> } = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
  BF16: Uint16Array,
}

export function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_SIZE_BYTES, value)
}

/** True if `data` is the kind of array that `datatype` is held in. */
export function isDataOf(datatype: Datatype, data: unknown): data is TensorData {
  if (datatype === 'BYTES') return BytesArray.is(data)
  return data instanceof ARRAYS[datatype]
}

/** The name of the array that `datatype` is held in, for messages. */
export function arrayKind(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'BytesArray' : ARRAYS[datatype].name
}

/** A zeroed array of `length` elements. */
export function allocateData<D extends NumericDatatype>(datatype: D, length: number): DataByDatatype[D] {
  return new ARRAYS[datatype](length)
}

/**
 * The elements that lie in `bytes`, as a view where the machine allows it: typed arrays must start
 * at a multiple of their element size, so bytes that do not are copied once.
 * `bytes.length` must be a multiple of the element size; the caller has checked it.
 */
export function viewData<D extends NumericDatatype>(datatype: D, bytes: Uint8Array): DataByDatatype[D] {
  const elementSize = ELEMENT_SIZE_BYTES[datatype]
  // Not `bytes.slice()`, which is a copy for a Uint8Array but another view for a Buffer.
  const aligned = bytes.byteOffset % elementSize === 0 ? bytes : new Uint8Array(bytes)
  return new ARRAYS[datatype](aligned.buffer, aligned.byteOffset, aligned.length / elementSize)
}

/** The bytes of `data`, without a copy. Valid as wire bytes because every supported machine is little-endian. */
export function dataBytes(data: TensorData): Uint8Array {
  if (BytesArray.is(data)) return data.packed()
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
