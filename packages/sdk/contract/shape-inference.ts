import { ServingError } from '../errors/index.ts'
import { formatShape, type Shape } from '../tensor/index.ts'

/**
 * The shape that `count` elements take under a pattern with at most one free dimension (-1).
 * Further free dimensions become 1, as Triton's generate extension does.
 * @throws ServingError INVALID_ARGUMENT when no extent of the free dimension gives `count`.
 */
export function inferShape(pattern: Shape, count: number, tensorName: string): Shape {
  const free = pattern.indexOf(-1)
  let fixed = 1
  for (const extent of pattern) if (extent !== -1) fixed *= extent
  // With an extent of 0 beside it, any extent of the free dimension is as good as 0.
  const extent = fixed === 0 ? 0 : count / fixed
  if (free === -1 || fixed === 0 ? fixed !== count : !Number.isSafeInteger(extent)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `tensor '${tensorName}' has ${count === 1 ? '1 element, which does' : `${count} elements, which do`} not fit its declared shape ${formatShape(pattern)}`,
    )
  }
  return pattern.map((size, axis) => (size !== -1 ? size : axis === free ? extent : 1))
}
