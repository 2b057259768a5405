import { type CategorySets, type LinearLeaves, NODE, type Tree } from '@millrace/trees'
import { modelTextError } from './model-text-error.ts'
import { readDecimals, readInteger, readIntegers, readWords } from './number-list.ts'
import type { TextLines } from './text-lines.ts'
import { readTreeFields, type TreeFields } from './tree-fields.ts'

/** LightGBM itself grows at most 131,072. */
const MOST_LEAVES = 2 ** 24
const MOST_SET_WORDS = 2 ** 26
/** Lists of this many numbers are empty, whatever is written. */
const NONE = new Int32Array(0)

/** Bits of a node's `decision_type`; the two above them say what is missing. */
const CATEGORICAL_BIT = 1
const DEFAULT_LEFT_BIT = 2
/** By the number in those two bits. A node without missing values reads NaN as zero. */
const MISSING_FLAGS: readonly number[] = [0, NODE.missingZero, NODE.missingNan]

/**
 * Reads the tree whose `Tree=` line is the current one; afterwards the current line is the blank one behind it. What
 * the nodes refer to is left for `createScorer` to check.
 * @throws ServingError FAILED_PRECONDITION naming the line, the tree and the field
 */
export function readTree(lines: TextLines, tree: number, featureCount: number): Tree {
  const fields = readTreeFields(lines, tree)
  const leafCount = readInteger(fields.need('num_leaves'), [1, MOST_LEAVES], fields.placeOf('num_leaves'))
  const setCount = readInteger(fields.need('num_cat'), [0, MOST_LEAVES], fields.placeOf('num_cat'))
  const leafValue = readDecimals(fields.need('leaf_value'), leafCount, fields.placeOf('leaf_value'))
  const isLinear = readInteger(fields.find('is_linear') ?? '0', [0, 1], fields.placeOf('is_linear')) === 1

  const nodeCount = leafCount - 1
  const integers = (field: string, least: number, most: number) =>
    nodeCount === 0 ? NONE : readIntegers(fields.need(field), nodeCount, [least, most], fields.placeOf(field))
  const threshold =
    nodeCount === 0
      ? new Float64Array(0)
      : readDecimals(fields.need('threshold'), nodeCount, fields.placeOf('threshold'))
  const decisionType =
    fields.find('decision_type') === undefined ? new Int32Array(nodeCount) : integers('decision_type', 0, 127)
  const flags = readFlags(decisionType, setCount > 0, fields)
  const hasSets = setCount > 0 && nodeCount > 0
  return {
    feature: integers('split_feature', 0, featureCount - 1),
    threshold,
    left: integers('left_child', -leafCount, nodeCount - 1),
    right: integers('right_child', -leafCount, nodeCount - 1),
    flags,
    leafValue,
    ...(hasSets ? { categories: readCategories(fields, threshold, flags, setCount) } : {}),
    ...(isLinear ? { linear: readLinear(fields, leafCount, featureCount) } : {}),
  }
}

function readFlags(decisionType: Int32Array, hasSets: boolean, fields: TreeFields): Uint8Array {
  return Uint8Array.from(decisionType, type => {
    // NaN is in no set, whatever the other bits say.
    if (hasSets && (type & CATEGORICAL_BIT) !== 0) return NODE.categorical
    const missing = MISSING_FLAGS[(type >> 2) & 3]
    if (missing === undefined)
      throw modelTextError(
        fields.placeOf('decision_type'),
        `${type} names a kind of missing values that does not exist`,
      )
    return missing | ((type & DEFAULT_LEFT_BIT) !== 0 ? NODE.defaultLeft : 0)
  })
}

/** The sets by node; in the file they are numbered, and a node's threshold is the number of its set. */
function readCategories(
  fields: TreeFields,
  threshold: Float64Array,
  flags: Uint8Array,
  setCount: number,
): CategorySets {
  const boundaries = readBoundaries(fields, setCount)
  const wordCount = boundaries[setCount]!
  const words = readWords(fields.need('cat_threshold'), wordCount, fields.placeOf('cat_threshold'))
  const isUsed = new Uint8Array(setCount)
  const byNode: Uint32Array[] = []
  const start = new Int32Array(threshold.length + 1)
  for (const [node, set] of threshold.entries()) {
    start[node + 1] = start[node]!
    if ((flags[node]! & NODE.categorical) === 0) continue
    const place = fields.placeOf('threshold')
    if (!Number.isInteger(set) || set < 0 || set >= setCount)
      throw modelTextError(place, `node ${node} names category set ${set}; allowed are 0 to ${setCount - 1}`)
    // A set for each: nodes that share a large one would take the memory of many.
    if (isUsed[set] === 1)
      throw modelTextError(place, `node ${node} names category set ${set}, as another does`)
    isUsed[set] = 1
    const own = words.subarray(boundaries[set], boundaries[set + 1])
    byNode.push(own)
    start[node + 1] = start[node]! + own.length
  }
  const joined = new Uint32Array(start.at(-1)!)
  let at = 0
  for (const own of byNode) {
    joined.set(own, at)
    at += own.length
  }
  return { start, words: joined }
}

function readBoundaries(fields: TreeFields, setCount: number): Int32Array {
  const place = fields.placeOf('cat_boundaries')
  const boundaries = readIntegers(fields.need('cat_boundaries'), setCount + 1, [0, MOST_SET_WORDS], place)
  let earlier = 0
  for (const [index, boundary] of boundaries.entries()) {
    if (index === 0 ? boundary !== 0 : boundary < earlier)
      throw modelTextError(place, `entry ${index} is ${boundary}; the entries start with 0 and never fall`)
    earlier = boundary
  }
  return boundaries
}

function readLinear(fields: TreeFields, leafCount: number, featureCount: number): LinearLeaves {
  const constant =
    fields.find('leaf_const') === undefined
      ? new Float64Array(leafCount)
      : readDecimals(fields.need('leaf_const'), leafCount, fields.placeOf('leaf_const'))
  const counts =
    fields.find('num_features') === undefined
      ? new Int32Array(leafCount)
      : readIntegers(
          fields.need('num_features'),
          leafCount,
          [0, featureCount],
          fields.placeOf('num_features'),
        )
  // Summed up as a number first: 32 bits may not hold what a hostile file adds up to.
  const total = counts.reduce((sum, count) => sum + count, 0)
  const feature =
    total === 0
      ? NONE
      : readIntegers(
          fields.need('leaf_features'),
          total,
          [0, featureCount - 1],
          fields.placeOf('leaf_features'),
        )
  const coefficient =
    total === 0
      ? new Float64Array(0)
      : readDecimals(fields.need('leaf_coeff'), total, fields.placeOf('leaf_coeff'))
  const start = new Int32Array(leafCount + 1)
  for (const [leaf, count] of counts.entries()) start[leaf + 1] = start[leaf]! + count
  return { start, feature, coefficient, constant }
}
