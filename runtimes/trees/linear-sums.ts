import type { Tree } from './ensemble.ts'

/** The linear models of all leaves of an ensemble, leaves numbered through all trees. */
export class LinearSums {
  readonly #isLinear: Uint8Array
  readonly #start: Int32Array
  readonly #feature: Int32Array
  readonly #coefficient: Float64Array
  readonly #constant: Float64Array

  constructor(trees: readonly Tree[]) {
    const leafCount = trees.reduce((count, { feature }) => count + feature.length + 1, 0)
    const termCount = trees.reduce((count, { linear }) => count + (linear?.feature.length ?? 0), 0)
    this.#isLinear = new Uint8Array(leafCount)
    this.#start = new Int32Array(leafCount + 1)
    this.#constant = new Float64Array(leafCount)
    this.#feature = new Int32Array(termCount)
    this.#coefficient = new Float64Array(termCount)
    let leaf = 0
    let term = 0
    for (const { feature, linear } of trees) {
      const ownLeaves = feature.length + 1
      for (let own = 0; own < ownLeaves; own++) this.#start[leaf + own] = term + (linear?.start[own] ?? 0)
      if (linear !== undefined) {
        this.#isLinear.fill(1, leaf, leaf + ownLeaves)
        this.#constant.set(linear.constant, leaf)
        this.#feature.set(linear.feature, term)
        this.#coefficient.set(linear.coefficient, term)
        term += linear.feature.length
      }
      leaf += ownLeaves
    }
    this.#start[leafCount] = term
  }

  /** What a leaf says of a row. @param plain its value without a linear model, and where a feature of that is NaN */
  value(leaf: number, plain: number, rows: Float64Array, offset: number): number {
    if (this.#isLinear[leaf] === 0) return plain
    const end = this.#start[leaf + 1]!
    let sum = this.#constant[leaf]!
    for (let term = this.#start[leaf]!; term < end; term++) {
      const value = rows[offset + this.#feature[term]!]!
      if (Number.isNaN(value)) return plain
      sum += this.#coefficient[term]! * value
    }
    return sum
  }
}
