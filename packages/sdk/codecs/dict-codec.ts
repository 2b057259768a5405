import { ServingError } from '../errors/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { NdArray } from './nd-array.ts'
import { ndArrayCodec } from './nd-array-codec.ts'
import type { RequestCodec } from './request-codec.ts'

/** Arrays by the name of their tensor. */
export type ArraysByName = Readonly<Record<string, NdArray>>

/** `dict`: one array for each tensor, under its name. */
export const dictCodec: RequestCodec<ArraysByName> = {
  contentType: 'dict',
  canEncode: (value): value is ArraysByName =>
    typeof value === 'object' &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null) &&
    Object.values(value).every(member => NdArray.is(member)),
  encode: value => Object.entries(value).map(([name, array]): Tensor => ndArrayCodec.encode(name, array)),
  // Arrays whatever the tensors' own content types: that is what it promises.
  decode(tensors, side) {
    const arrays = new Map<string, NdArray>()
    for (const { tensor } of tensors) {
      if (arrays.has(tensor.name)) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `${side} '${tensor.name}' is given twice, which content type 'dict' cannot tell apart`,
        )
      }
      arrays.set(tensor.name, ndArrayCodec.decode(tensor))
    }
    // Not by assignment: a tensor may be called `__proto__`.
    return Object.fromEntries(arrays)
  },
}
