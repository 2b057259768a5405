import { ServingError } from '@millrace/sdk'

/** Documents have ids of 24 hexadecimal digits, as clients of the original know them. */
const LENGTH = 24

export function toWireId(id: number): string {
  return id.toString(16).padStart(LENGTH, '0')
}

export function isWireId(text: string): boolean {
  return text.length === LENGTH && /^[0-9a-f]+$/i.test(text)
}

/**
 * Reads the id of a check or a batch.
 * @throws ServingError INVALID_ARGUMENT for what is none
 */
export function fromWireId(text: string, what: string): number {
  if (isWireId(text)) {
    const id = Number.parseInt(text, 16)
    // None has been given yet.
    return Number.isSafeInteger(id) ? id : 0
  }
  throw new ServingError('INVALID_ARGUMENT', `${what} '${text}' is none: it has ${LENGTH} hexadecimal digits`)
}
