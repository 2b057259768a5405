import type { Tree } from '@millrace/trees'
import { type ModelHeader, readHeader } from './model-header.ts'
import { modelTextError, type Place } from './model-text-error.ts'
import { type CategoryLists, readPandasCategories } from './pandas-categories.ts'
import { createTextLines, type TextLines } from './text-lines.ts'
import { readTree } from './tree-text.ts'

const MOST_TREES = 2 ** 20

/** All of a model file that predictions depend on. */
export interface ModelText {
  readonly header: ModelHeader
  /** Iteration by iteration, and in each as many as rows have scores. */
  readonly trees: readonly Tree[]
  /** The categories of the table that the model was trained on; `null` unless it had such columns. */
  readonly pandasCategories: CategoryLists | null
}

/**
 * Reads a model in LightGBM's text form, versions 2 to 4.
 * @param file what errors call it
 * @throws ServingError FAILED_PRECONDITION naming file, line, tree and field
 */
export function readModelText(bytes: Buffer, file: string): ModelText {
  const lines = createTextLines(bytes, file)
  const header = readHeader(lines)
  const { treeSizes, treesPerIteration, featureNames } = header
  if (header.hasTrees && treeSizes !== undefined) checkSizes(treeSizes, bytes.length - lines.offset, file)
  const trees: Tree[] = []
  let pandasLine: { readonly text: string; readonly place: Place } | null = null
  let isTree = header.hasTrees
  while (isTree) {
    if (trees.length === MOST_TREES)
      throw modelTextError(lines.place, `at most ${MOST_TREES} trees are allowed`)
    trees.push(readTree(lines, trees.length, featureNames.length))
    isTree = skipBlankLines(lines) && lines.startsWith('Tree=')
  }
  const counted = treeSizes?.length ?? trees.length
  if (trees.length !== counted)
    throw modelTextError({ file }, `it has ${trees.length} trees; tree_sizes lists ${counted}`)
  if (trees.length % treesPerIteration !== 0)
    throw modelTextError(
      { file },
      `${trees.length} trees are no whole number of iterations of ${treesPerIteration} trees each`,
    )
  do {
    if (lines.startsWith('pandas_categorical:'))
      pandasLine = { text: lines.text('utf8').slice('pandas_categorical:'.length), place: lines.place }
  } while (lines.next())
  const pandasCategories =
    pandasLine === null ? null : readPandasCategories(pandasLine.text, pandasLine.place)
  return { header, trees, pandasCategories }
}

/** True if there is a line with something in it, which is then the current one. */
function skipBlankLines(lines: TextLines): boolean {
  while (lines.next()) if (!lines.isBlank) return true
  return false
}

/** Finds out about a file that was cut off before its trees are read. */
function checkSizes(treeSizes: Int32Array, bytesLeft: number, file: string): void {
  const place = { file, field: 'tree_sizes' }
  let total = 0
  for (const size of treeSizes) total += size
  if (total > bytesLeft)
    throw modelTextError(
      place,
      `the trees take ${total} bytes, but only ${bytesLeft} follow the header: the file is cut off`,
    )
}
