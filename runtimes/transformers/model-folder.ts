import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'

export type JsonObject = Readonly<Record<string, unknown>>

/** More than the largest vocabularies take. */
const MAX_JSON_BYTES = 256 * 1024 * 1024
/** No model has so many; the library would make a name for each. */
const MAX_LAYERS = 10_000
const MAX_DEPTH = 32
const MOST_NAMES_LISTED = 20

/**
 * An object from a JSON file of a model's folder.
 * @throws ServingError FAILED_PRECONDITION naming the file, if it is missing, too large or no JSON object
 */
export async function readJsonFile(folder: string, name: string): Promise<JsonObject> {
  const path = join(folder, name)
  const file = await open(path).catch(async (cause: unknown) => {
    throw failed(`'${path}' is missing or cannot be read; the folder holds ${await listOf(folder)}`, cause)
  })
  try {
    const { size } = await file.stat()
    if (size > MAX_JSON_BYTES)
      throw failed(`'${path}' has ${size} bytes; at most ${MAX_JSON_BYTES} are allowed`)
    const value = parse(await file.readFile('utf8'), path)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
    throw failed(`'${path}' is no JSON object`)
  } finally {
    await file.close()
  }
}

/**
 * `config.json`, with its counts of layers checked: the library makes something for each before it has seen the model.
 * @throws ServingError FAILED_PRECONDITION as {@link readJsonFile} does, and for a count that is out of bounds
 */
export async function readConfig(folder: string): Promise<JsonObject> {
  const config = await readJsonFile(folder, 'config.json')
  checkLayers(config, `'${join(folder, 'config.json')}'`, 0)
  return config
}

function checkLayers(config: object, place: string, depth: number): void {
  if (depth > MAX_DEPTH) throw failed(`${place} is nested more than ${MAX_DEPTH} objects deep`)
  for (const [name, value] of Object.entries(config) as [string, unknown][]) {
    if (typeof value === 'object' && value !== null) checkLayers(value, place, depth + 1)
    if (typeof value !== 'number' || !/layer/i.test(name) || /epsilon|eps|drop|scale|norm/i.test(name))
      continue
    if (value <= MAX_LAYERS) continue
    throw failed(`${place}: ${name} is ${value}; at most ${MAX_LAYERS} are allowed`)
  }
}

/** Whether there is a file of this name. */
export async function hasFile(folder: string, name: string): Promise<boolean> {
  return stat(join(folder, name)).then(
    found => found.isFile(),
    () => false,
  )
}

/** What a folder holds, for messages. */
export async function listOf(folder: string): Promise<string> {
  const names = (await readdir(folder).catch((): string[] => [])).sort()
  if (names.length === 0) return 'nothing'
  const shown = names.slice(0, MOST_NAMES_LISTED).join(', ')
  const more = names.length - MOST_NAMES_LISTED
  return more > 0 ? `${shown} and ${more} more` : shown
}

/** The folder's `onnx` if it has one, else the folder itself: exporters do the one or the other. */
export async function findSubfolder(folder: string): Promise<string> {
  const found = await stat(join(folder, 'onnx')).catch(() => undefined)
  return found?.isDirectory() === true ? 'onnx' : ''
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw failed(`'${path}' is no JSON: ${reason.slice(0, 200)}`, cause)
  }
}

function failed(message: string, cause?: unknown): ServingError {
  return new ServingError('FAILED_PRECONDITION', message, cause === undefined ? {} : { cause })
}
