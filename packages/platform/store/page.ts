import { ServingError } from '@millrace/sdk'

/** Which part of a list is wanted. Lists are in the order of ids. */
export interface Page {
  /** 1 to 10,000; default 10,000. */
  readonly limit?: number | undefined
  /** Only what comes after this id. Default: from the beginning. */
  readonly afterId?: number | undefined
}

const LIMIT_MAX = 10_000

/** @throws ServingError INVALID_ARGUMENT for a limit or a position that is none */
export function checkPage({ limit = LIMIT_MAX, afterId = 0 }: Page): { limit: number; afterId: number } {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new ServingError('INVALID_ARGUMENT', `limit ${limit} is not an integer from 1 to ${LIMIT_MAX}`)
  }
  if (!Number.isSafeInteger(afterId) || afterId < 0) {
    throw new ServingError('INVALID_ARGUMENT', `afterId ${afterId} is not an integer of at least 0`)
  }
  return { limit, afterId }
}
