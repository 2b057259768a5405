import type { Ensemble } from './ensemble.ts'

/** What a tree takes beside its numbers: itself, and what an engine keeps of each of its arrays. */
const TREE_BYTES = 1000

/** What an ensemble takes in memory. */
export function ensembleBytes({ trees, treeOutput }: Ensemble): number {
  let bytes = treeOutput.byteLength + trees.length * TREE_BYTES
  for (const { feature, threshold, left, right, flags, leafValue, categories, linear } of trees) {
    for (const array of [feature, threshold, left, right, flags, leafValue]) bytes += array.byteLength
    if (categories !== undefined) bytes += categories.start.byteLength + categories.words.byteLength
    if (linear === undefined) continue
    for (const array of [linear.start, linear.feature, linear.coefficient, linear.constant])
      bytes += array.byteLength
  }
  return bytes
}
