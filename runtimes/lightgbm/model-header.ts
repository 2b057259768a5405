import { modelTextError, type Place, quoted } from './model-text-error.ts'
import { countWords, readInteger, readIntegers } from './number-list.ts'
import type { TextLines } from './text-lines.ts'

const VERSIONS = ['v2', 'v3', 'v4']
const MOST_LINES = 100
const MOST_CLASSES = 1_000_000
const MOST_FEATURES = 10_000_000
const MOST_TREES = 2 ** 20
const MOST_TREE_BYTES = 2 ** 31 - 1

/** What stands in a model file before its trees. */
export interface ModelHeader {
  readonly featureNames: readonly string[]
  /** `[min:max]` for numbers, `2:0:1` for categories, `none` for a feature that training did not use. */
  readonly featureInfos: readonly string[]
  readonly classCount: number
  /** Trees that are grown together in one iteration, one for each score of a row. */
  readonly treesPerIteration: number
  /** Whether a prediction is the mean over the iterations and not their sum, as in random forests. */
  readonly averagesOutput: boolean
  /** The objective's name and parameters as one text; `undefined` where scores stay as they are. */
  readonly objective: string | undefined
  readonly objectiveLine: number | undefined
  /** Length of every tree in bytes; `undefined` in files of early releases. */
  readonly treeSizes: Int32Array | undefined
  /** Whether the current line is the first tree's; otherwise the file has ended or the trees have. */
  readonly hasTrees: boolean
}

interface Entry {
  readonly value: string
  readonly line: number
}

/**
 * Reads up to the first tree, whose line is then the current one.
 * @throws ServingError FAILED_PRECONDITION naming the line and what is wrong with it
 */
export function readHeader(lines: TextLines): ModelHeader {
  const { file } = lines.place
  if (!lines.next() || lines.text() !== 'tree')
    throw modelTextError(lines.place, "a LightGBM model in text form starts with the line 'tree'")
  const { entries, hasTrees } = readEntries(lines)

  const placeOf = (field: string) => ({ file, line: entries.get(field)?.line, field })
  const need = (field: string): string => {
    const entry = entries.get(field)
    if (entry !== undefined) return entry.value
    throw modelTextError(
      { file },
      `the header has no ${field}; the file is damaged or of a release before 2.0`,
    )
  }
  const version = entries.get('version')
  if (version !== undefined && !VERSIONS.includes(version.value))
    throw modelTextError(placeOf('version'), `${quoted(version.value)} is not one of ${VERSIONS.join(', ')}`)

  const classCount = readInteger(need('num_class'), [1, MOST_CLASSES], placeOf('num_class'))
  const perIteration = entries.get('num_tree_per_iteration')
  const treesPerIteration =
    perIteration === undefined
      ? classCount
      : readInteger(perIteration.value, [1, MOST_CLASSES], placeOf('num_tree_per_iteration'))
  const last = readInteger(need('max_feature_idx'), [0, MOST_FEATURES - 1], placeOf('max_feature_idx'))
  const names = (field: string): readonly string[] => {
    const text = need(field)
    const count = countWords(text)
    if (count === last + 1) return text.split(' ').filter(word => word !== '')
    throw modelTextError(placeOf(field), `${count} entries; max_feature_idx=${last} needs ${last + 1}`)
  }
  const objective = entries.get('objective')
  const treeSizes = entries.get('tree_sizes')
  return {
    featureNames: names('feature_names'),
    featureInfos: names('feature_infos'),
    classCount,
    treesPerIteration,
    averagesOutput: entries.has('average_output'),
    objective: objective?.value,
    objectiveLine: objective?.line,
    treeSizes: treeSizes && readTreeSizes(treeSizes.value, placeOf('tree_sizes')),
    hasTrees,
  }
}

function readEntries(lines: TextLines): { entries: ReadonlyMap<string, Entry>; hasTrees: boolean } {
  const entries = new Map<string, Entry>()
  while (lines.next()) {
    if (lines.isBlank) continue
    if (lines.startsWith('Tree=')) return { entries, hasTrees: true }
    if (lines.startsWith('end of trees')) return { entries, hasTrees: false }
    const line = lines.place.line!
    if (line > MOST_LINES)
      throw modelTextError(lines.place, `no tree begins within the first ${MOST_LINES} lines`)
    if (!lines.isWhole) throw modelTextError(lines.place, 'the file ends inside its header')
    const text = lines.text('utf8')
    const equals = text.indexOf('=')
    const name = equals === -1 ? text : text.slice(0, equals)
    if (entries.has(name)) throw modelTextError(lines.place, `${quoted(name)} stands here a second time`)
    entries.set(name, { value: equals === -1 ? '' : text.slice(equals + 1), line })
  }
  return { entries, hasTrees: false }
}

function readTreeSizes(text: string, place: Place): Int32Array {
  const count = countWords(text)
  if (count > MOST_TREES) throw modelTextError(place, `${count} trees; at most ${MOST_TREES} are allowed`)
  return readIntegers(text, count, [1, MOST_TREE_BYTES], place)
}
