import { ServingError } from '@millrace/sdk'

/**
 * Reads an id or a number of a version from a path.
 * @throws ServingError INVALID_ARGUMENT for anything but a positive integer
 */
export function readPathNumber(text: string, what: string): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (number > 0) return number
  throw new ServingError('INVALID_ARGUMENT', `${what} '${text}' is not a positive integer`)
}
