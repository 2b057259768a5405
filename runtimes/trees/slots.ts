import { type Ensemble, NODE, type Rows, type Tree, ZERO_BOUND } from './ensemble.ts'

/** What a slot holds, besides the flags for missing values. */
const TURNED = 16
const NO_FEATURE = -1

/** A set of categories that nodes ask for. */
interface CategorySet {
  readonly feature: number
  readonly words: Uint32Array
  readonly isNanLeft: boolean
}

/**
 * The values of a prepared row. A node that sends missing values to the left compares `x >= bound`, which NaN fails.
 * One that sends them to the right has its children changed and compares `-x >= bound`. So rows hold features as nodes
 * need them: as they are or turned, with NaN for what is missing. Of a set of categories they hold 0 for what goes left,
 * 1 for what goes right. Slot 0 is always NaN, for leaves.
 */
export class Slots {
  readonly #slotOf = new Map<number | string, number>()
  /** By slot; NO_FEATURE for the first and for sets. */
  readonly #features: number[] = [NO_FEATURE]
  readonly #kinds: number[] = [0]
  readonly #sets: [slot: number, set: CategorySet][] = []

  get count(): number {
    return this.#features.length
  }

  get setCount(): number {
    return this.#sets.length
  }

  /** The slot that a node of a tree needs. */
  slotFor(tree: Tree, node: number): number {
    const feature = tree.feature[node]!
    const flags = tree.flags[node]!
    if ((flags & NODE.categorical) !== 0) return this.#setSlotFor(tree, node)
    const missing = flags & (NODE.missingNan | NODE.missingZero)
    const kind = missing | (Slots.isTurned(flags) ? TURNED : 0)
    const key = feature * 32 + kind
    const known = this.#slotOf.get(key)
    if (known !== undefined) return known
    this.#kinds.push(kind)
    this.#slotOf.set(key, this.#features.length)
    return this.#features.push(feature) - 1
  }

  /** Nodes with the same set of the same feature share a slot. */
  #setSlotFor(tree: Tree, node: number): number {
    const { start, words } = tree.categories!
    const feature = tree.feature[node]!
    const isNanLeft = (tree.flags[node]! & NODE.defaultLeft) !== 0
    const own = words.subarray(start[node], start[node + 1])
    const key = `${feature} ${isNanLeft} ${own.join()}`
    const known = this.#slotOf.get(key)
    if (known !== undefined) return known
    const slot = this.#features.push(NO_FEATURE) - 1
    this.#kinds.push(0)
    this.#slotOf.set(key, slot)
    this.#sets.push([slot, { feature, words: own, isNanLeft }])
    return slot
  }

  /** Whether a node with these flags compares turned values and has its children changed. */
  static isTurned(flags: number): boolean {
    const isMissingKnown = (flags & (NODE.missingNan | NODE.missingZero)) !== 0
    return isMissingKnown && (flags & (NODE.defaultLeft | NODE.categorical)) === 0
  }

  /** A function that fills the slots of `rowCount` rows at `into[at]`, from row `first` on. */
  createFill({
    featureCount,
    precision,
    cutsNegativeCategories = false,
  }: Ensemble): (rows: Rows, first: number, rowCount: number, into: Rows, at: number) => void {
    const features = Int32Array.from(this.#features)
    const kinds = Uint8Array.from(this.#kinds)
    const slotCount = features.length
    const fillSets = createSetFill(this.#sets, cutsNegativeCategories, precision)
    const isSingle = precision === 'float32'
    return (rows, first, rowCount, into, at) => {
      for (let row = 0; row < rowCount; row++) {
        const from = (first + row) * featureCount
        const to = at + row * slotCount
        into[to] = Number.NaN
        for (let slot = 1; slot < slotCount; slot++) {
          if (features[slot] === NO_FEATURE) continue
          const value = rows[from + features[slot]!]!
          const kind = kinds[slot]!
          const isNanMissing = (kind & NODE.missingNan) !== 0
          into[to + slot] = isNanMissing
            ? (kind & TURNED) === 0
              ? value
              : -value
            : withoutMissing(isSingle ? Math.fround(value) : value, kind)
        }
        if (fillSets !== null) fillSets(rows, from, into, to)
      }
    }
  }
}

/** A value where zero is missing, or nothing is and NaN stands for zero. */
function withoutMissing(value: number, kind: number): number {
  if ((kind & NODE.missingZero) === 0) return Number.isNaN(value) ? 0 : value
  if (Number.isNaN(value) || Math.abs(value) <= ZERO_BOUND) return Number.NaN
  return (kind & TURNED) === 0 ? value : -value
}

/** Fills the slots of sets of one row, from arrays that lie close together; null if there are none. */
function createSetFill(
  sets: readonly (readonly [slot: number, set: CategorySet])[],
  cutsNegative: boolean,
  precision: Ensemble['precision'],
): ((rows: Rows, from: number, into: Rows, to: number) => void) | null {
  if (sets.length === 0) return null
  const slots = Int32Array.from(sets, ([slot]) => slot)
  const features = Int32Array.from(sets, ([, { feature }]) => feature)
  const nanSide = Uint8Array.from(sets, ([, { isNanLeft }]) => (isNanLeft ? 0 : 1))
  /** First word of each set, and the first category beyond it. */
  const starts = new Int32Array(sets.length)
  const ends = Int32Array.from(sets, ([, { words }]) => words.length * 32)
  const words = new Uint32Array(sets.reduce((count, [, set]) => count + set.words.length, 0))
  let start = 0
  for (const [index, [, set]] of sets.entries()) {
    starts[index] = start
    words.set(set.words, start)
    start += set.words.length
  }
  const above = cutsNegative ? -1 : -Number.MIN_VALUE
  const isSingle = precision === 'float32'
  return (rows, from, into, to) => {
    for (let index = 0; index < slots.length; index++) {
      const raw = rows[from + features[index]!]!
      const value = isSingle ? Math.fround(raw) : raw
      let side = 1
      // Neither of the bounds lets through what 32 bits do not hold.
      if (value > above && value < ends[index]!) {
        const category = value | 0
        side = (~words[starts[index]! + (category >>> 5)]! >>> (category & 31)) & 1
      } else if (Number.isNaN(value)) side = nanSide[index]!
      into[to + slots[index]!] = side
    }
  }
}
