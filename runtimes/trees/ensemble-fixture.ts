import { type Ensemble, NODE, type Tree } from './ensemble.ts'

/** A generator of numbers from 0 to 1 that a seed repeats. */
export type Random = () => number

export function createRandom(seed: number): Random {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 4_294_967_296
  }
}

export interface EnsembleTraits {
  readonly comparison: Ensemble['comparison']
  readonly precision: Ensemble['precision']
  readonly hasCategories: boolean
  readonly hasVectorLeaves: boolean
  readonly hasLinearLeaves: boolean
}

/** Values that thresholds and features share, so that ties, zeros and infinities come up. */
const VALUES = [
  -0,
  0,
  1e-35,
  -1e-36,
  1,
  -1,
  2.5,
  -2.5,
  0.1,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
]

export function randomValue(random: Random, round: (value: number) => number): number {
  return round(random() < 0.5 ? VALUES[Math.floor(random() * VALUES.length)]! : (random() - 0.5) * 6)
}

/** A sound ensemble of up to 20 trees with leaves at all depths. */
export function randomEnsemble(random: Random, traits: EnsembleTraits): Ensemble {
  const { comparison, precision, hasVectorLeaves } = traits
  const featureCount = 1 + Math.floor(random() * 6)
  const outputCount = 1 + Math.floor(random() * 3)
  const trees = Array.from({ length: Math.floor(random() * 20) }, () =>
    randomTree(random, traits, featureCount, hasVectorLeaves ? outputCount : 1),
  )
  return {
    featureCount,
    outputCount,
    trees,
    treeOutput: Int32Array.from(trees, () => Math.floor(random() * outputCount)),
    comparison,
    precision,
    baseMargin: Float64Array.from({ length: outputCount }, () => Math.fround(random())),
    hasVectorLeaves,
    cutsNegativeCategories: random() < 0.5,
    ...(random() < 0.3 ? { treeWeight: Float64Array.from(trees, () => Math.fround(random())) } : {}),
  }
}

function randomTree(random: Random, traits: EnsembleTraits, featureCount: number, valuesALeaf: number): Tree {
  const nodeCount = random() < 0.1 ? 0 : Math.floor(random() ** 2 * 60)
  const round = traits.precision === 'float32' ? Math.fround : (value: number): number => value
  const left = new Int32Array(nodeCount)
  const right = new Int32Array(nodeCount)
  // Every node after the root takes a free place of one before it; leaves take what is left over.
  const free: [Int32Array, number][] =
    nodeCount === 0
      ? []
      : [
          [left, 0],
          [right, 0],
        ]
  for (let node = 1; node < nodeCount; node++) {
    const [[side, parent]] = free.splice(Math.floor(random() * free.length), 1) as [[Int32Array, number]]
    side[parent] = node
    free.push([left, node], [right, node])
  }
  for (const [leaf, [side, parent]] of free.entries()) side[parent] = ~leaf
  const leafCount = nodeCount + 1
  const flags = Uint8Array.from({ length: nodeCount }, () => {
    const missing = [0, NODE.missingNan, NODE.missingZero][Math.floor(random() * 3)]!
    const kind = traits.hasCategories && random() < 0.3 ? NODE.categorical : 0
    return missing | kind | (random() < 0.5 ? NODE.defaultLeft : 0)
  })
  return {
    feature: Int32Array.from(left, () => Math.floor(random() * featureCount)),
    threshold: Float64Array.from(left, () => randomValue(random, round)),
    left,
    right,
    flags,
    leafValue: Float64Array.from({ length: leafCount * valuesALeaf }, () => round(random() - 0.5)),
    ...(traits.hasCategories
      ? {
          categories: {
            start: Int32Array.from({ length: nodeCount + 1 }, (_, node) => node * 2),
            words: Uint32Array.from({ length: nodeCount * 2 }, () => random() * 4_294_967_296),
          },
        }
      : {}),
    ...(traits.hasLinearLeaves
      ? {
          linear: {
            start: Int32Array.from({ length: leafCount + 1 }, (_, leaf) => leaf),
            feature: Int32Array.from({ length: leafCount }, () => Math.floor(random() * featureCount)),
            coefficient: Float64Array.from({ length: leafCount }, random),
            constant: Float64Array.from({ length: leafCount }, random),
          },
        }
      : {}),
  }
}
