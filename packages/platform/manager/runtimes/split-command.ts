import { ServingError } from '@millrace/sdk'

const WORDS_MAX = 1_000

/**
 * The words of a command: a JSON list of texts, or words between spaces, with quotes and backslashes as a shell has them
 * and nothing else of a shell.
 *
 * @throws ServingError INVALID_ARGUMENT for one that has no words, too many, or a quote without an end
 */
export function splitCommand(text: string): readonly [program: string, ...args: string[]] {
  const words = text.trimStart().startsWith('[') ? readList(text) : readWords(text)
  const [program, ...args] = words
  if (program === undefined || program === '') refuse(text, 'does not begin with the name of a program')
  if (words.length > WORDS_MAX) refuse(text, `has more than ${WORDS_MAX} words`)
  return [program, ...args]
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function readList(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text)
    if (isTexts(list)) return list
  } catch {
    // Said below.
  }
  return refuse(text, 'begins like a JSON list of texts, and is none')
}

/** A quoted piece, an escaped character, or characters without a meaning of their own; else a space or a stray quote. */
const PIECE = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(\s+)|(.)/gs

function readWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (const [, single, double, escaped, plain, space, stray] of text.matchAll(PIECE)) {
    if (stray !== undefined) refuse(text, `has a ${stray === '\\' ? 'backslash' : 'quote'} without an end`)
    if (space === undefined) {
      word = (word ?? '') + (single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? '')
    } else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  if (word !== undefined) words.push(word)
  return words
}

function refuse(text: string, what: string): never {
  throw new ServingError(
    'INVALID_ARGUMENT',
    `configParams.MILLRACE_COMMAND '${text.slice(0, 200)}' ${what}; write words between spaces, or ["program", "argument"]`,
  )
}
