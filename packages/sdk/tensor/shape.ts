import { ServingError } from '../errors/index.ts'

/** The extent of each dimension, batch dimension included. `[]` is a scalar. */
export type Shape = readonly number[]

/**
 * How many elements a tensor of this shape has: 1 for `[]`, 0 if any dimension is 0.
 * @throws ServingError INVALID_ARGUMENT for a dimension that is not an integer from 0 to 2^53 - 1, and
 * for a product beyond that, which no memory holds.
 */
export function elementCount(shape: Shape, tensorName: string): number {
  let count = 1
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `tensor '${tensorName}' has shape ${formatShape(shape)}: every dimension must be an integer from 0 to 2^53 - 1`,
      )
    }
    count *= dimension
  }
  if (count > 0 && Number.isSafeInteger(count)) return count
  // One 0 makes the tensor empty, even where the extents before it had overflowed to infinity, and
  // infinity times 0 is not a number: [2^52, … twenty times …, 0].
  if (shape.includes(0)) return 0
  throw new ServingError(
    'INVALID_ARGUMENT',
    `tensor '${tensorName}' has shape ${formatShape(shape)}: it has more elements than can be addressed`,
  )
}

/** Dimensions that a message shows: tensors have a handful, so more is a client's mischief. */
const SHOWN_DIMENSIONS = 16

/** `[1,-1,3]` as it is written in messages; of a very long one its beginning. */
export function formatShape(shape: Shape): string {
  if (shape.length <= SHOWN_DIMENSIONS) return `[${shape.join(',')}]`
  return `[${shape.slice(0, SHOWN_DIMENSIONS).join(',')},… ${shape.length} dimensions]`
}
