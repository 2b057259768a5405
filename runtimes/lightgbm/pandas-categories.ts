import { modelTextError, type Place } from './model-text-error.ts'

const MOST_BYTES = 64 * 1024 * 1024

/** For each categorical column of the table in training, in its order: code by category, as text. */
export type CategoryLists = readonly ReadonlyMap<string, number>[]

/**
 * Reads what stands behind `pandas_categorical:`, a JSON list of lists; `null` if the table had no such columns.
 * Categories that are numbers or truth values are known by their JSON text.
 * @throws ServingError FAILED_PRECONDITION for anything else, or more than 64 MiB
 */
export function readPandasCategories(text: string, place: Place): CategoryLists | null {
  const at = { ...place, field: 'pandas_categorical' }
  if (text.length > MOST_BYTES)
    throw modelTextError(at, `it has ${text.length} characters; at most ${MOST_BYTES} are allowed`)
  const lists = parse(text, at)
  if (lists === null) return null
  const isSound = Array.isArray(lists) && lists.every(list => Array.isArray(list) && list.every(isCategory))
  if (!isSound) throw modelTextError(at, 'it is not a JSON list of lists of text, numbers and truth values')
  if (lists.length === 0) return null
  return (lists as readonly (readonly unknown[])[]).map(
    list => new Map(list.map((category, code) => [String(category), code] as const)),
  )
}

function parse(text: string, place: Place): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw modelTextError(place, 'it is not JSON')
  }
}

function isCategory(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}
