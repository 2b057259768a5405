import { readFile, stat } from 'node:fs/promises'
import { ServingError } from '@millrace/sdk'
import { findJsonSyntaxError } from './json-syntax.ts'

/** Enough for a model with tens of thousands of declared inputs; a larger file is a mistake. */
export const MAX_SETTINGS_FILE_BYTES = 8 * 1024 * 1024

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The object in a JSON file, or undefined if there is no such file.
 * @throws ServingError INVALID_ARGUMENT naming the file, with line and column for broken JSON;
 * PERMISSION_DENIED or INTERNAL if the file cannot be read.
 */
export async function readJsonObject(path: string): Promise<JsonObject | undefined> {
  const text = await readTextFile(path)
  return text === undefined ? undefined : parseJsonObject(text, path)
}

/** `text` as a JSON object; `origin` (a file, a variable) opens the message of the error. */
export function parseJsonObject(text: string, origin: string): JsonObject {
  const value = parseJson(text, origin)
  if (isJsonObject(value)) return value
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${origin} holds ${found}; expected an object: {"name": value, …}`,
  )
}

/** @throws ServingError INVALID_ARGUMENT with line and column. */
export function parseJson(text: string, origin: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const place = findJsonSyntaxError(text)
    // The scanner knows the whole grammar; the engine's own words are only for what it might miss.
    const where = place?.message ?? (cause instanceof Error ? cause.message : 'this is not JSON')
    const position = place === undefined ? '' : `, line ${place.line}, column ${place.column}`
    throw new ServingError('INVALID_ARGUMENT', `${origin}${position}: ${where}`, { cause })
  }
}

/**
 * A UTF-8 file of bounded size without its byte order mark, or undefined if there is no such file.
 * @throws ServingError naming the file.
 */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > MAX_SETTINGS_FILE_BYTES) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `${path} has ${size} bytes; a settings file has at most ${MAX_SETTINGS_FILE_BYTES}`,
      )
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    if (ServingError.is(error)) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new ServingError('INVALID_ARGUMENT', `${path} is not UTF-8 text`, { cause: error })
    }
    const isForbidden = code === 'EACCES' || code === 'EPERM'
    throw new ServingError(
      isForbidden ? 'PERMISSION_DENIED' : 'INTERNAL',
      `${path} cannot be read: ${String(code)}`,
      { cause: error },
    )
  }
}
