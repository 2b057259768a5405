import { BytesArray, type Datatype, ServingError, type Tensor } from '@millrace/sdk'
import { Tensor as OrtTensor } from 'onnxruntime-node'

const TYPES: readonly (readonly [Datatype, OrtTensor.Type])[] = [
  ['BOOL', 'bool'],
  ['UINT8', 'uint8'],
  ['UINT16', 'uint16'],
  ['UINT32', 'uint32'],
  ['UINT64', 'uint64'],
  ['INT8', 'int8'],
  ['INT16', 'int16'],
  ['INT32', 'int32'],
  ['INT64', 'int64'],
  ['FP16', 'float16'],
  ['FP32', 'float32'],
  ['FP64', 'float64'],
  ['BYTES', 'string'],
]
const ELEMENT_TYPES = new Map(TYPES)
const DATATYPES: ReadonlyMap<string, Datatype> = new Map(
  TYPES.map(([datatype, elementType]) => [elementType, datatype]),
)

/** The V2 datatype of an element type by its ONNX name; `undefined` for those that V2 has no name for, such as `uint4`. */
export function datatypeOf(elementType: string): Datatype | undefined {
  return elementType === 'bfloat16' ? 'BF16' : DATATYPES.get(elementType)
}

/**
 * A tensor as ONNX Runtime takes it, over the same memory; only text is converted.
 * @throws ServingError INVALID_ARGUMENT for `BF16`, and for `BYTES` that are not text.
 */
export function toOrtTensor(tensor: Tensor): OrtTensor {
  const { name, datatype, data, shape } = tensor
  const elementType = ELEMENT_TYPES.get(datatype)
  if (elementType === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${name}' is ${datatype}, which ONNX Runtime does not take from JavaScript`,
    )
  }
  if (data instanceof Float16Array) return halfTensor(data, shape)
  return new OrtTensor(elementType, BytesArray.is(data) ? readTexts(name, data) : data, shape)
}

/** A `BF16` tensor as float32, which holds every value that `bfloat16` has. */
export function widenBfloat16({ data, shape }: Tensor<'BF16'>): OrtTensor {
  const bits = new Uint32Array(data.length)
  for (let index = 0; index < data.length; index++) bits[index] = data[index]! << 16
  return new OrtTensor('float32', new Float32Array(bits.buffer), shape)
}

/** What {@link widenBfloat16} made of it, back: the values are `bfloat16`'s, so that nothing is rounded. */
export function narrowBfloat16(name: string, { data, dims }: OrtTensor): Tensor {
  if (!(data instanceof Float32Array)) throw new ServingError('INTERNAL', `output '${name}' is no float32`)
  const wide = new Uint32Array(data.buffer, data.byteOffset, data.length)
  const bits = new Uint16Array(data.length)
  for (let index = 0; index < bits.length; index++) bits[index] = wide[index]! >>> 16
  return { name, datatype: 'BF16', shape: dims, data: bits }
}

/** A result as a tensor over the same memory; only text is converted. */
export function fromOrtTensor(name: string, { type, dims, data }: OrtTensor): Tensor {
  const datatype = DATATYPES.get(type)
  if (datatype === undefined)
    throw new ServingError(
      'INTERNAL',
      `output '${name}' has element type ${type}, which no V2 datatype holds`,
    )
  // The table above pairs each datatype with the array that ONNX Runtime holds it in.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { name, datatype, shape: dims, data: Array.isArray(data) ? BytesArray.from(data) : data } as Tensor
}

/**
 * onnxruntime-node 1.30.0 reads a `Float16Array` as having no bytes, but takes a `Uint16Array` over
 * the same memory; its `Tensor` would turn that back into a `Float16Array`, unless told `uint16`.
 */
function halfTensor(data: Float16Array, shape: readonly number[]): OrtTensor {
  const bits = new Uint16Array(data.buffer, data.byteOffset, data.length)
  return Object.defineProperty(new OrtTensor('uint16', bits, shape), 'type', { value: 'float16' })
}

function readTexts(name: string, data: BytesArray): string[] {
  return Array.from({ length: data.length }, (_, index) => {
    const text = readText(name, data, index)
    // The binding hands text over as C strings, which would end there without a word.
    if (text.includes('\0')) throw notText(name, index, 'has a NUL character')
    return text
  })
}

function readText(name: string, data: BytesArray, index: number): string {
  try {
    return data.textAt(index)!
  } catch (cause) {
    throw notText(name, index, 'is not valid UTF-8', cause)
  }
}

function notText(name: string, index: number, what: string, cause?: unknown): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `tensor '${name}', element ${index} ${what}; ONNX models take UTF-8 text without NUL characters`,
    { cause },
  )
}
