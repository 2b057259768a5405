import { modelTextError, type Place, quoted } from './model-text-error.ts'
import type { TextLines } from './text-lines.ts'

/** LightGBM writes at most 22. */
const MOST_LINES = 64

/** The fields that predictions depend on; the others are passed over unread. */
const FIELDS: ReadonlySet<string> = new Set([
  'num_leaves',
  'num_cat',
  'leaf_value',
  'left_child',
  'right_child',
  'split_feature',
  'threshold',
  'decision_type',
  'cat_boundaries',
  'cat_threshold',
  'is_linear',
  'leaf_const',
  'num_features',
  'leaf_features',
  'leaf_coeff',
])

/** What is written of one tree, by field. */
export interface TreeFields {
  /** What is behind the field's `=`; `undefined` where there is no such field. */
  find(field: string): string | undefined
  /** @throws ServingError FAILED_PRECONDITION where there is no such field */
  need(field: string): string
  placeOf(field: string): Place
}

/**
 * Reads the lines of the tree whose `Tree=` line is the current one, up to the blank line behind them.
 * @throws ServingError FAILED_PRECONDITION naming line and tree
 */
export function readTreeFields(lines: TextLines, tree: number): TreeFields {
  const { file, line: first } = lines.place
  if (lines.text() !== `Tree=${tree}`)
    throw modelTextError(lines.place, `${quoted(lines.text())} stands where 'Tree=${tree}' belongs`)
  const found = new Map<string, { readonly text: string; readonly line: number | undefined }>()
  for (let count = 0; ; count++) {
    if (!lines.next()) throw modelTextError({ file, line: first, tree }, 'the file ends inside this tree')
    if (lines.isBlank) break
    const { line } = lines.place
    const place = { file, line, tree }
    if (!lines.isWhole) throw modelTextError(place, 'the file ends inside this line')
    if (count === MOST_LINES) throw modelTextError(place, `a tree has at most ${MOST_LINES} lines`)
    const text = lines.text()
    const equals = text.indexOf('=')
    if (equals === -1) throw modelTextError(place, `${quoted(text)} is not of the form name=value`)
    const field = text.slice(0, equals)
    if (!FIELDS.has(field)) continue
    if (found.has(field)) throw modelTextError({ ...place, field }, 'it stands here a second time')
    found.set(field, { text: text.slice(equals + 1), line })
  }
  const placeOf = (field: string): Place => ({ file, line: found.get(field)?.line ?? first, tree, field })
  return {
    find: field => found.get(field)?.text,
    need(field) {
      const entry = found.get(field)
      if (entry !== undefined) return entry.text
      throw modelTextError(placeOf(field), 'it is missing')
    },
    placeOf,
  }
}
