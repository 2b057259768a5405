import { ServingError } from '../errors/index.ts'
import {
  BytesArray,
  bf16ToFloat32,
  type DataByDatatype,
  type DataLike,
  type Datatype,
  formatShape,
  isDataOf,
  type Shape,
  type Tensor,
  type TensorData,
  type TensorLike,
  toTensor,
} from '../tensor/index.ts'
import { inferDatatype } from './infer-datatype.ts'
import { flattenNested, MAX_DIMENSIONS, type Nested, nestValues } from './nested-values.ts'

/** One element of an array as plain JavaScript has it; `BYTES` elements are bytes. */
export type ElementOf<D extends Datatype = Datatype> = {
  [K in D]: K extends 'BYTES'
    ? Uint8Array
    : K extends 'BOOL'
      ? boolean
      : K extends 'INT64' | 'UINT64'
        ? bigint
        : number
}[D]

/** What {@link NdArray.fromNested} takes for an element; `null` is NaN. */
export type NestedElement = number | bigint | boolean | null | string | Uint8Array

/** Names an array in messages about values that nobody has given a name yet. */
const UNNAMED = 'array'
const BRAND = Symbol.for('millrace.NdArray')

/**
 * An array of numbers, booleans or byte strings with a shape: the value of content type `np`.
 * `data` is row-major and shared with whatever it was made of, as a tensor's is.
 */
export class NdArray<D extends Datatype = Datatype> {
  readonly datatype: D
  readonly shape: Shape
  readonly data: DataByDatatype[D]

  private constructor(datatype: D, shape: Shape, data: DataByDatatype[D]) {
    this.datatype = datatype
    this.shape = shape
    this.data = data
  }

  get [BRAND](): true {
    return true
  }

  /** True for arrays of any copy of this package: a model may have installed its own. */
  static is(value: unknown): value is NdArray {
    return typeof value === 'object' && value !== null && BRAND in value
  }

  /**
   * An array of exact data, which is not copied, or of a flat list.
   * @throws ServingError INVALID_ARGUMENT when a value does not fit, or shape and data disagree
   */
  static of<D extends Datatype>(datatype: D, shape: Shape, data: DataLike<D>): NdArray<D> {
    return NdArray.fromTensor<D>({ name: UNNAMED, datatype, shape, data })
  }

  /** @throws ServingError INVALID_ARGUMENT when shape and data disagree, or for more than 64 dimensions */
  static fromTensor<D extends Datatype>(tensor: TensorLike<D>): NdArray<D> {
    const { name, datatype, shape, data } = toTensor<D>(tensor)
    if (shape.length > MAX_DIMENSIONS) {
      throw invalid(`tensor '${name}' has ${shape.length} dimensions; an array has at most ${MAX_DIMENSIONS}`)
    }
    return new NdArray(datatype, shape, data)
  }

  /**
   * An array of lists in lists, which must be as long as their siblings, or of one value (shape `[]`).
   * @param datatype default: BOOL for booleans, BYTES for text and bytes, INT64 for whole numbers (UINT64
   * if one of them is too large for it), else FP64; of a typed array the one it holds
   * @throws ServingError INVALID_ARGUMENT when the lists are ragged or a value does not fit
   */
  static fromNested(values: Nested<NestedElement> | TensorData): NdArray
  static fromNested<D extends Datatype>(
    values: Nested<NestedElement> | TensorData,
    datatype: D | undefined,
  ): NdArray<D>
  static fromNested(values: unknown, datatype?: Datatype): NdArray {
    return NdArray.fromTensor(tensorOfNested(UNNAMED, values, datatype))
  }

  /** How many elements it has. */
  get size(): number {
    return this.data.length
  }

  /** Row `index` along the first dimension, a view on the same memory; `undefined` where there is none. */
  row(index: number): NdArray<D> | undefined {
    const [count = 0, ...shape] = this.shape
    if (!Number.isInteger(index) || index < 0 || index >= count) return undefined
    const size = this.data.length / count
    return new NdArray(this.datatype, shape, sliced(this.data, index * size, (index + 1) * size))
  }

  /** The element at one index for each dimension; `undefined` where there is none. */
  at(...indices: readonly number[]): ElementOf<D> | undefined {
    if (indices.length !== this.shape.length) return undefined
    let position = 0
    for (const [axis, extent] of this.shape.entries()) {
      const index = indices[axis]!
      if (!Number.isInteger(index) || index < 0 || index >= extent) return undefined
      position = position * extent + index
    }
    return elementsOf(this.datatype, sliced(this.data, position, position + 1))[0]
  }

  /** Every element in row-major order. */
  elements(): ElementOf<D>[] {
    return elementsOf(this.datatype, this.data)
  }

  /**
   * Lists in lists, as the shape says; a single element for shape `[]`.
   * @throws ServingError INVALID_ARGUMENT for a shape of more than 65,536 empty lists
   */
  toNested(): Nested<ElementOf<D>> {
    const nested = nestValues(this.elements(), this.shape)
    if (nested === undefined) {
      throw invalid(`an array of shape ${formatShape(this.shape)} has too many empty rows to be lists`)
    }
    return nested
  }

  /**
   * What `JSON.stringify` writes: nested lists, bytes as text.
   * @throws ServingError INVALID_ARGUMENT for a 64-bit integer that a JSON number does not hold exactly,
   * and for bytes that are not UTF-8
   */
  toJSON(): unknown {
    const data: TensorData = this.data
    const plain = BytesArray.is(data) ? data.toStrings() : this.elements().map(jsonElement)
    return nestValues(plain, this.shape) ?? []
  }
}

/**
 * The tensor of nested lists, of a typed array or of packed bytes, in their own shape.
 * @throws ServingError INVALID_ARGUMENT naming the tensor
 */
export function tensorOfNested(name: string, value: unknown, datatype: Datatype | undefined): Tensor {
  const own = datatypeOfData(value)
  // Bytes are numbers, unless elements of BYTES are asked for: then they are one of them.
  if (own !== undefined && !(own === 'UINT8' && datatype === 'BYTES')) {
    const data = value as DataLike<Datatype> & { readonly length: number }
    // Another datatype is checked by toTensor: BOOL and BF16 have no array of their own.
    return toTensor({ name, datatype: datatype ?? own, shape: [data.length], data } as TensorLike)
  }
  const flat = flattenNested(value)
  if (typeof flat === 'string') throw invalid(`tensor '${name}' ${flat}`)
  const chosen = datatype ?? inferDatatype(name, flat.values)
  const isFloat = chosen.startsWith('FP') || chosen === 'BF16'
  const data = isFloat ? flat.values.map(element => (element === null ? Number.NaN : element)) : flat.values
  return toTensor({ name, datatype: chosen, shape: flat.shape, data } as TensorLike)
}

/** Arrays that say by their kind which datatype they hold; `BOOL` and `BF16` share those of others. */
const OWN_ARRAY = [
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
  'BYTES',
] as const

/** The datatype that a typed array or packed bytes hold; `undefined` for anything else. */
export function datatypeOfData(value: unknown): (typeof OWN_ARRAY)[number] | undefined {
  return OWN_ARRAY.find(datatype => isDataOf(datatype, value))
}

function elementsOf<D extends Datatype>(datatype: D, data: TensorData): ElementOf<D>[] {
  const elements: Iterable<unknown> =
    datatype === 'BOOL'
      ? Array.from(data as DataByDatatype['BOOL'], byte => byte === 1)
      : datatype === 'BF16'
        ? bf16ToFloat32(data as DataByDatatype['BF16'])
        : data
  return Array.from(elements) as ElementOf<D>[]
}

function sliced<D extends Datatype>(data: DataByDatatype[D], start: number, end: number): DataByDatatype[D] {
  const whole: TensorData = data
  const part = BytesArray.is(whole) ? whole.slice(start, end) : whole.subarray(start, end)
  return part as DataByDatatype[D]
}

function jsonElement(element: unknown): unknown {
  if (typeof element !== 'bigint') return element
  const number = Number(element)
  if (Number.isSafeInteger(number)) return number
  throw invalid(`${element} is beyond 2^53 - 1, so a JSON number would not hold it exactly`)
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
