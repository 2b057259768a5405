import { ServingError } from '../errors/index.ts'
import { formatShape, type Shape, type TensorLike, toTensor } from '../tensor/index.ts'
import { NdArray } from './nd-array.ts'
import type { TensorCodec } from './tensor-codec.ts'

/** Each becomes an object of its own; a first extent beyond this is a mistake or an attack. */
const MAX_ARRAYS = 65_536

/**
 * `nplist`: a list of arrays of one datatype and one shape, in a tensor that has the list as its first
 * dimension. The arrays that are read share the tensor's memory.
 */
export const ndArrayListCodec: TensorCodec<readonly NdArray[]> = {
  contentType: 'nplist',
  canEncode: (value): value is readonly NdArray[] =>
    Array.isArray(value) && value.length > 0 && value.every(element => NdArray.is(element)),
  encode(name, arrays, shape, datatype) {
    const [first] = arrays
    const parameters = { content_type: 'nplist' }
    if (first === undefined)
      return toTensor({ name, datatype: datatype ?? 'FP64', shape: shape ?? [0], data: [], parameters })
    for (const [index, array] of arrays.entries()) {
      if (array.datatype === first.datatype && isSameShape(array.shape, first.shape)) continue
      throw invalid(
        `tensor '${name}', element ${index} is ${describe(array)} beside ${describe(first)}; content type 'nplist' needs arrays of one datatype and shape`,
      )
    }
    const data = arrays.flatMap(array => array.elements())
    const extents = shape ?? [arrays.length, ...first.shape]
    return toTensor({ name, datatype: first.datatype, shape: extents, data, parameters } as TensorLike)
  },
  decode(tensor) {
    const { name } = tensor
    const all = NdArray.fromTensor(tensor)
    const [count] = all.shape
    if (count === undefined)
      throw invalid(`tensor '${name}' has shape []; content type 'nplist' needs a first dimension`)
    if (count > MAX_ARRAYS)
      throw invalid(`tensor '${name}' has ${count} arrays; content type 'nplist' takes at most ${MAX_ARRAYS}`)
    return Array.from({ length: count }, (_, index) => all.row(index)!)
  },
}

function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

function describe({ datatype, shape }: NdArray): string {
  return `${datatype} ${formatShape(shape)}`
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
