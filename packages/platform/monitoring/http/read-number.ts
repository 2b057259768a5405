import { ServingError } from '@millrace/sdk'

interface NumberRange {
  readonly least: number
  readonly most: number
}

/** @throws ServingError INVALID_ARGUMENT for anything but an integer in the range */
export function readNumber(text: string, what: string, { least, most }: NumberRange): number {
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new ServingError('INVALID_ARGUMENT', `${what} '${text}' is not an integer from ${least} to ${most}`)
}

/** @throws ServingError INVALID_ARGUMENT as {@link readNumber} */
export function readVersionId(text: string): number {
  return readNumber(text, 'model version id', { least: 1, most: 999_999_999_999_999 })
}
