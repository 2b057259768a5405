import { ServingError } from '@millrace/sdk'
import { formatValue } from '../base/index.ts'

const MAX_LENGTH = 256

/**
 * Checks the name of a model or of a version. It travels as one segment of a URL and as metadata, so
 * anything that survives percent-encoding is allowed, slashes too (`team/fraud` is asked for as
 * `team%2Ffraud`). Not allowed are control characters, unpaired surrogates, which have no
 * encoding, and `.` and `..`, which clients take out of URLs even when they are encoded.
 * @throws ServingError INVALID_ARGUMENT beginning with `subject`
 */
export function checkModelName(name: string, subject: string): void {
  const problem = problemOf(name)
  if (problem === undefined) return
  throw new ServingError('INVALID_ARGUMENT', `${subject} is ${formatValue(name)}; ${problem}`)
}

function problemOf(name: string): string | undefined {
  if (name === '') return 'it must not be empty'
  if (name.length > MAX_LENGTH) return `it has ${name.length} characters, allowed are ${MAX_LENGTH}`
  if (/\p{Cc}/u.test(name)) return 'it must not have control characters'
  if (!name.isWellFormed()) return 'it must not have unpaired surrogates'
  return name === '.' || name === '..' ? 'a URL cannot hold this name' : undefined
}
