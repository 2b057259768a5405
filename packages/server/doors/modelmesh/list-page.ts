import { ServingError } from '@millrace/sdk'

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000

export interface ListPage {
  readonly ids: readonly string[]
  /** What the next page comes after; undefined for the last one. */
  readonly next: string | undefined
}

/**
 * The part of a list that a query asks for: `limit` ids in the order of their characters, those behind `after`.
 * @throws ServingError INVALID_ARGUMENT for a limit that is none
 */
export function listPage(ids: Iterable<string>, query: URLSearchParams): ListPage {
  const limit = readLimit(query.get('limit'))
  const after = query.get('after') ?? ''
  const behind = [...ids].filter(id => id > after).toSorted((a, b) => (a < b ? -1 : 1))
  const page = behind.slice(0, limit)
  return { ids: page, next: behind.length > limit ? page.at(-1) : undefined }
}

function readLimit(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new ServingError(
    'INVALID_ARGUMENT',
    `'limit' is '${text}'; it must be a whole number from 1 to ${MAX_LIMIT}`,
  )
}
