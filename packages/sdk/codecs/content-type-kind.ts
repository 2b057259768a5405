import { ServingError } from '../errors/index.ts'

interface CodecKind {
  readonly contentType: string
  readonly sameValuesAs?: string
}

/** True if values of one codec may stand for values of the other. */
export function areOfOneKind(a: CodecKind, b: CodecKind): boolean {
  return (a.sameValuesAs ?? a.contentType) === (b.sameValuesAs ?? b.contentType)
}

/**
 * @param owner what has the content type, for the message: `input 'x'`
 * @param reader who reads it otherwise, for the message: `the model`
 * @throws ServingError INVALID_ARGUMENT naming both content types unless they are of one kind
 */
export function assertOneKind(given: CodecKind, expected: CodecKind, owner: string, reader: string): void {
  if (areOfOneKind(given, expected)) return
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${owner} has content type '${given.contentType}'; ${reader} reads it as '${expected.contentType}', whose values are of another kind`,
  )
}
