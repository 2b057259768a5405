import { ServingError } from '../../errors/index.ts'

const failures = new WeakSet<object>()

/**
 * True for the error of a call that no server has processed: there was no connection, or the server handed the call back
 * unread. Only such a call may be made again elsewhere without doing its work twice. False for whatever a server
 * answered, in whichever words.
 */
export function isNeverSent(error: unknown): boolean {
  return ServingError.is(error) && failures.has(error)
}

/** An error for which `isNeverSent` is true. */
export function neverSent(message: string, cause?: unknown): ServingError {
  const error = new ServingError('UNAVAILABLE', message, cause === undefined ? {} : { cause })
  failures.add(error)
  return error
}
