import type { RepositoryContents } from '../repository/index.ts'
import { keyOf, type ModelEntry, type ModelState, reasonOf, stateOf } from './model-entry.ts'

/** One line of the repository index. */
export interface IndexEntry {
  readonly name: string
  readonly version: string | undefined
  readonly state: ModelState
  readonly reason: string
}

/**
 * What the repository holds and what is loaded, as one list.
 * @param failures why versions of the repository are not loaded, by {@link keyOf}
 * @param entries what is loaded, is loading, or still finishes its requests
 */
export function listIndex(
  { found, broken, onDemand = [] }: RepositoryContents,
  failures: ReadonlyMap<string, string>,
  entries: Iterable<ModelEntry>,
): readonly IndexEntry[] {
  const index = new Map<string, IndexEntry>()
  const add = (entry: IndexEntry) => void index.set(keyOf(entry.name, entry.version), entry)
  for (const { name, error } of broken) {
    add({ name, version: undefined, state: 'UNAVAILABLE', reason: error.message })
  }
  for (const { name, version } of found) {
    add({ name, version, state: 'UNAVAILABLE', reason: failures.get(keyOf(name, version)) ?? '' })
  }
  for (const name of onDemand) {
    add({
      name,
      version: undefined,
      state: 'UNAVAILABLE',
      reason: failures.get(keyOf(name, undefined)) ?? '',
    })
  }
  for (const entry of entries) {
    const { name, version } = entry
    // What serves on says why it could not be loaded again.
    const reason = reasonOf(entry) || (index.get(keyOf(name, version))?.reason ?? '')
    add({ name, version, state: stateOf(entry), reason })
  }
  return [...index.values()]
}
