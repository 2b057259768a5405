import { ServingError } from '@millrace/sdk'
import type { NewExternalVersion, NewModelVersion, StringMap } from '../../store/index.ts'

type Json = Readonly<Record<string, unknown>>

const TEXT_LENGTH_MAX = 65_536
const METADATA_ENTRIES_MAX = 1_000
const MODEL_NAME = /^[a-z\-_\d]+$/
const MODEL_NAME_LENGTH_MAX = 200
const IMAGE_LENGTH_MAX = 500

/**
 * What uploads and external models have in common, out of JSON that nobody has checked.
 *
 * @throws ServingError INVALID_ARGUMENT naming the member, its value and what is allowed
 */
export function readVersionFields(
  json: Json,
): Required<Pick<NewExternalVersion, 'modelName' | 'metadata' | 'monitoringConfiguration'>> {
  return {
    modelName: readModelName(json['name']),
    metadata: readMetadata(json['metadata']),
    monitoringConfiguration: readMonitoring(json['monitoringConfiguration']),
  }
}

/** What an upload says besides. @throws ServingError INVALID_ARGUMENT as {@link readVersionFields} */
export function readBuildFields(json: Json): Pick<NewModelVersion, 'runtime' | 'installCommand'> {
  const runtime = json['runtime']
  if (!isObject(runtime)) refuse('runtime', runtime, 'an object with name and tag')
  const { name, tag, sha256 } = runtime
  return {
    runtime: {
      name: readText('runtime.name', name, IMAGE_LENGTH_MAX),
      tag: readText('runtime.tag', tag, IMAGE_LENGTH_MAX),
      sha256: sha256 === undefined || sha256 === null ? undefined : readText('runtime.sha256', sha256, 200),
    },
    installCommand: readInstallCommand(json['installCommand']),
  }
}

/** @throws ServingError INVALID_ARGUMENT for text that is no JSON object */
export function readJsonObject(value: unknown, what: string): Json {
  let json = value
  if (typeof value === 'string') {
    try {
      json = JSON.parse(value)
    } catch (error) {
      throw new ServingError('INVALID_ARGUMENT', `${what} is not JSON: ${(error as Error).message}`)
    }
  }
  return isObject(json) ? json : refuse(what, json, 'a JSON object')
}

function readModelName(name: unknown): string {
  if (typeof name !== 'string') return refuse('name', name, 'a text')
  if (!MODEL_NAME.test(name) || name.length > MODEL_NAME_LENGTH_MAX) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Model name contains invalid characters: '${name.slice(0, 100)}'; allowed are a to z, 0 to 9, - and _, at most ${MODEL_NAME_LENGTH_MAX}`,
    )
  }
  return name
}

/** Values may be texts, numbers and booleans; they are kept as texts. */
function readMetadata(json: unknown): StringMap {
  if (json === undefined || json === null) return {}
  if (!isObject(json)) refuse('metadata', json, 'an object')
  const entries = Object.entries(json)
  if (entries.length > METADATA_ENTRIES_MAX) {
    refuse('metadata', `an object of ${entries.length} members`, `one of at most ${METADATA_ENTRIES_MAX}`)
  }
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (typeof value === 'number' || typeof value === 'boolean') return [key, String(value)]
      return [key, readText(`metadata.${key}`, value, TEXT_LENGTH_MAX, 0)]
    }),
  )
}

function readMonitoring(json: unknown): { readonly batchSize: number } | undefined {
  if (json === undefined || json === null) return undefined
  if (!isObject(json)) refuse('monitoringConfiguration', json, 'an object')
  const { batchSize } = json
  if (batchSize === undefined || batchSize === null) return undefined
  if (typeof batchSize === 'number' && Number.isSafeInteger(batchSize) && batchSize > 0) return { batchSize }
  return refuse('monitoringConfiguration.batchSize', batchSize, 'an integer of at least 1')
}

function readInstallCommand(json: unknown): string | undefined {
  if (json === undefined || json === null || json === '') return undefined
  const command = readText('installCommand', json, TEXT_LENGTH_MAX)
  return command.trim() === '' ? undefined : command
}

function readText(path: string, value: unknown, lengthMax: number, lengthMin = 1): string {
  const isRight =
    typeof value === 'string' &&
    value.length >= lengthMin &&
    value.length <= lengthMax &&
    !value.includes('\0')
  return isRight ? value : refuse(path, value, `a text of ${lengthMin} to ${lengthMax} characters`)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(path: string, value: unknown, allowed: string): never {
  const shown = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100)
  throw new ServingError('INVALID_ARGUMENT', `${path}: ${shown} is not ${allowed}`)
}
