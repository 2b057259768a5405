import { readFile, realpath } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findSyntaxError } from './syntax-error-place.ts'

/** Where in somebody's source an error comes from. */
export interface SourcePlace {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1; undefined for the end of the line. */
  readonly column: number | undefined
}

export interface PlacedError {
  /** What went wrong, in the words of the error that has a place; else of the outermost one. */
  readonly problem: string
  readonly place: SourcePlace | undefined
}

const MAX_CAUSES = 10

/**
 * Finds out which line of the models below a folder an error comes from: a mistake in a module's syntax or imports, what
 * the module or the model has thrown, a mistake in a settings file.
 */
export async function placeError(thrown: unknown, folder: string): Promise<PlacedError> {
  const root = await realpath(folder).catch(() => folder)
  const chain = causesOf(thrown)
  const [outermost] = chain
  if (outermost === undefined) return { problem: String(thrown), place: undefined }
  for (const cause of chain.toReversed()) {
    const place =
      placeInJson(cause) ??
      placeOfSyntax(cause) ??
      (await placeOfImport(cause)) ??
      (await findPlain(cause, outermost, root)) ??
      placeOfThrow(cause, root)
    if (place !== undefined) return { problem: problemOf(cause), place }
  }
  const place = await placeOfSetting(outermost)
  const { message } = outermost
  // The file is told by the place.
  return { problem: place === undefined ? message : message.slice(place.file.length + 2), place }
}

function causesOf(thrown: unknown): readonly Error[] {
  const causes: Error[] = []
  for (let cause = thrown; cause instanceof Error && causes.length < MAX_CAUSES; cause = cause.cause) {
    causes.push(cause)
  }
  return causes
}

const JSON_PLACE = /^(\/[^\n]+), line (\d+), column (\d+): /

function problemOf({ name, message }: Error): string {
  const [text = ''] = message.replace(JSON_PLACE, '').split('\n')
  const named = name === 'ServingError' ? text : `${name}: ${text}`
  return /strip-only mode/.test(text)
    ? `${named}. TypeScript runs without a compiler here, so only types may be TypeScript's own`
    : named
}

function placeInJson({ message }: Error): SourcePlace | undefined {
  const match = JSON_PLACE.exec(message)
  if (match === null) return undefined
  return { file: match[1]!, line: Number(match[2]), column: Number(match[3]) }
}

/** Most syntax errors begin their stack with `file:line`, the line itself, and carets below. */
function placeOfSyntax({ stack = '' }: Error): SourcePlace | undefined {
  const [head = '', ...rest] = stack.split('\n')
  const match = /^((?:file:\/\/)?\/.*):(\d+)$/.exec(head)
  if (match === null) return undefined
  const caret = rest.slice(0, 3).find(text => /^\s*\^+\s*$/.test(text))
  return {
    file: pathOf(match[1]!),
    line: Number(match[2]),
    column: caret === undefined ? undefined : caret.indexOf('^') + 1,
  }
}

/** Errors about what cannot be found name both files, and not the line. */
async function placeOfImport({ message }: Error): Promise<SourcePlace | undefined> {
  const match = /^Cannot find (?:module|package) '([^']+)' imported from (\/[^\n]+)$/m.exec(message)
  if (match === null) return undefined
  const [, target, importer] = match
  const file = pathOf(importer!)
  const lines = await linesOf(file)
  for (const [index, text] of lines.entries()) {
    for (const { 1: specifier, index: start } of text.matchAll(/['"]([^'"]+)['"]/g)) {
      const isMeant = specifier === target || specifier!.startsWith(`${target}/`)
      if (isMeant || (specifier!.startsWith('.') && resolve(dirname(file), specifier!) === target)) {
        return { file, line: index + 1, column: start + 1 }
      }
    }
  }
  return undefined
}

/** The errors of JavaScript's own parser in modules say no place at all: the files have to be asked. */
async function findPlain(cause: Error, outermost: Error, root: string): Promise<SourcePlace | undefined> {
  if (cause.name !== 'SyntaxError' || cause.stack?.includes('compileSourceTextModule') !== true) {
    return undefined
  }
  const settings = /^(\/[^\n]*?)\/[^/\n]+\.json: /.exec(outermost.message)
  return findSyntaxError(settings?.[1] ?? root, cause.message)
}

/** The first frame of a stack in the author's own code. */
function placeOfThrow({ stack = '' }: Error, root: string): SourcePlace | undefined {
  for (const match of stack.matchAll(/^ {4}at (?:.*\()?((?:file:\/\/)?\/.*?):(\d+):(\d+)\)?$/gm)) {
    const file = pathOf(match[1]!)
    if (!file.startsWith(root + sep) || file.includes(`${sep}node_modules${sep}`)) continue
    return { file, line: Number(match[2]), column: Number(match[3]) }
  }
  return undefined
}

/** Errors about a setting begin with `file: name`. */
async function placeOfSetting({ message }: Error): Promise<SourcePlace | undefined> {
  const match = /^(\/[^\n]+?\.json): ([\w.]+)/.exec(message)
  if (match === null) return undefined
  const key = match[2]!.split('.').at(-1)!
  const lines = await linesOf(match[1]!)
  const index = lines.findIndex(text => text.includes(`"${key}"`))
  if (index === -1) return undefined
  return { file: match[1]!, line: index + 1, column: lines[index]!.indexOf(`"${key}"`) + 1 }
}

async function linesOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n')
}

function pathOf(text: string): string {
  return text.startsWith('file:') ? fileURLToPath(text.replace(/\?.*$/, '')) : text
}
