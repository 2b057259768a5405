/** Deeper arrays are nobody's tensors. */
export const MAX_DEPTH = 32

/** The leaves of nested arrays, row by row. */
interface Flattened {
  readonly values: readonly unknown[]
  /** The extents of the nesting; undefined where it is ragged. A bare value has none. */
  readonly shape: readonly number[] | undefined
}

/** @returns undefined for arrays nested deeper than {@link MAX_DEPTH} */
export function flatten(value: unknown): Flattened | undefined {
  if (!Array.isArray(value)) return { values: [value], shape: [] }
  const items: readonly unknown[] = value
  if (!items.some(item => Array.isArray(item))) return { values: items, shape: [items.length] }
  const walk = new Walk()
  return walk.visit(items, 0) ? { values: walk.values, shape: walk.shape() } : undefined
}

class Walk {
  readonly values: unknown[] = []
  readonly #extents: number[] = []
  /** How deep the leaves lie; undefined before the first one. */
  #leafDepth: number | undefined
  #isRagged = false

  visit(items: readonly unknown[], depth: number): boolean {
    if (depth === MAX_DEPTH) return false
    const extent = this.#extents[depth]
    if (extent === undefined) this.#extents[depth] = items.length
    else if (extent !== items.length) this.#isRagged = true
    for (const item of items) {
      if (Array.isArray(item)) {
        if (!this.visit(item, depth + 1)) return false
      } else {
        if (this.#leafDepth === undefined) this.#leafDepth = depth
        else if (this.#leafDepth !== depth) this.#isRagged = true
        this.values.push(item)
      }
    }
    return true
  }

  shape(): readonly number[] | undefined {
    const isDeeperThanLeaves = this.#leafDepth !== undefined && this.#leafDepth !== this.#extents.length - 1
    return this.#isRagged || isDeeperThanLeaves ? undefined : this.#extents
  }
}
