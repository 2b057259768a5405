import { ServingError } from '../errors/index.ts'

/**
 * Reads an answer; what is wrong with it is the server's fault and not the caller's.
 * @throws ServingError INTERNAL, with the server's own error where that is what was read
 */
export function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (ServingError.is(error) && error.code === 'INTERNAL') throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ServingError('INTERNAL', `the server's answer cannot be understood: ${reason}`, {
      cause: error,
    })
  }
}
