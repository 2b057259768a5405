import { ServingError } from '../errors/index.ts'

/** The extent of each dimension, batch dimension included. `[]` is a scalar. */
export type Shape = readonly number[]

/**
 * How many elements a tensor of this shape has: 1 for `[]`, 0 if any dimension is 0.
 * @throws ServingError INVALID_ARGUMENT for a negative or fractional dimension, and for a product
 * beyond 2^53 - 1, which no memory holds.
 */
export function elementCount(shape: Shape, tensorName: string): number {
  let count = 1
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${tensorName}' has shape [${shape.join(',')}]: every dimension must be an integer of at least 0`,
      )
    }
    count *= dimension
  }
  // A zero may hide an overflow on its left: [2^53, 2^53, 0] is an empty tensor all the same.
  if (!Number.isSafeInteger(count)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${tensorName}' has shape [${shape.join(',')}]: it has more elements than can be addressed`,
    )
  }
  return count
}

/** `[1,-1,3]` as it is written in messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`
}
