/** Lists in lists of any depth, with values at the bottom; a single value is a list of no dimension. */
export type Nested<T> = T | readonly Nested<T>[]

/** The values of nested lists in row-major order. */
export interface FlatValues {
  readonly shape: readonly number[]
  readonly values: readonly unknown[]
}

/** As many as NumPy allows; a deeper list is a mistake or an attack. */
export const MAX_DIMENSIONS = 64

/**
 * Flattens lists whose siblings all have the same length.
 * @returns what is wrong, as text that goes after the name of the value, if they have not
 */
export function flattenNested(nested: unknown): FlatValues | string {
  const shape: number[] = []
  for (let first = nested; Array.isArray(first); first = first[0] as unknown) {
    if (shape.length === MAX_DIMENSIONS) return `is nested more than ${MAX_DIMENSIONS} lists deep`
    shape.push(first.length)
  }
  if (shape.length === 0) return { shape, values: [nested] }

  let level: readonly unknown[] = [nested]
  for (const [axis, extent] of shape.entries()) {
    const next: unknown[] = []
    for (const list of level) {
      if (!Array.isArray(list)) return `has a value beside a list in dimension ${axis}`
      if (list.length !== extent) {
        return `has lists of ${extent} and of ${list.length} values side by side in dimension ${axis}`
      }
      for (const value of list as readonly unknown[]) next.push(value)
    }
    level = next
  }
  if (level.some(value => Array.isArray(value)))
    return `has a list beside a value in dimension ${shape.length}`
  return { shape, values: level }
}

/** How many empty lists an array without elements may become: its shape takes no memory, they do. */
const MAX_EMPTY_LISTS = 65_536

/**
 * Puts values into lists as their shape says.
 * @param values exactly as many as the shape holds
 * @returns `undefined` for a shape without elements that would need an unreasonable number of empty lists
 */
export function nestValues<T>(values: readonly T[], shape: readonly number[]): Nested<T> | undefined {
  if (shape.length === 0) return values[0]
  let level: readonly Nested<T>[] = values
  for (let axis = shape.length - 1; axis > 0; axis--) {
    const extent = shape[axis]!
    const count = extent === 0 ? productOf(shape.slice(0, axis)) : level.length / extent
    if (extent === 0 && count > MAX_EMPTY_LISTS) return undefined
    const inner = level
    level = Array.from({ length: count }, (_, index) => inner.slice(index * extent, (index + 1) * extent))
  }
  return level
}

function productOf(extents: readonly number[]): number {
  return extents.includes(0) ? 0 : extents.reduce((product, extent) => product * extent, 1)
}
