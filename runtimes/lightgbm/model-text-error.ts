import { ServingError } from '@millrace/sdk'

/** Text of a file is quoted in messages up to this many characters. */
const MOST_CHARACTERS_QUOTED = 40

/** Where in a model file something stands. */
export interface Place {
  readonly file: string
  /** Counted from 1. */
  readonly line?: number | undefined
  /** The number of a tree, counted from 0 as in the file. */
  readonly tree?: number | undefined
  readonly field?: string | undefined
}

/** The error for a file that is no sound model: FAILED_PRECONDITION, naming file, line, tree and field as far as they are known. */
export function modelTextError({ file, line, tree, field }: Place, what: string): ServingError {
  const place: string[] = []
  if (line !== undefined) place.push(`line ${line}`)
  if (tree !== undefined) place.push(`tree ${tree}`)
  if (field !== undefined) place.push(`field ${field}`)
  const where = place.length === 0 ? '' : `${place.join(', ')}: `
  return new ServingError('FAILED_PRECONDITION', `LightGBM model '${file}' cannot be served: ${where}${what}`)
}

/** A piece of a file as messages show it: in quotes, and short. */
export function quoted(text: string): string {
  const short = text.length > MOST_CHARACTERS_QUOTED ? `${text.slice(0, MOST_CHARACTERS_QUOTED)}…` : text
  return JSON.stringify(short)
}
