import { ServingError } from '@millrace/sdk'
import { type JsonObject, parseJsonObject } from '../base/index.ts'
import { checkModelName } from './model-name.ts'

/** Where a model of a mesh comes from, in the words of ModelMesh. */
export interface MeshModelInfo {
  /** A format (`sklearn`), or a placement label such as `mt:sklearn:1` or `rt:my-runtime`. */
  readonly type: string
  /** A path on this machine, in a bucket, or of a URL. */
  readonly path: string
  /** JSON, or empty. */
  readonly key: string
}

/** What the `key` of a mesh's model says, with its format out of all places that may name it. */
export interface MeshModelKey {
  /** In lower case and without its version; undefined if nothing names it. */
  readonly format: string | undefined
  readonly schemaPath: string | undefined
  /** What the puller has counted on the disk. */
  readonly diskSizeBytes: number | undefined
  readonly storageKey: string | undefined
  /** Undefined for a key without any. */
  readonly storageParams: JsonObject | undefined
  /** An old place for the bucket, which only replaces one that the storage names. */
  readonly bucket: string | undefined
}

const MAX_TYPE_LENGTH = 1024
const MAX_PATH_LENGTH = 4096
const MAX_KEY_LENGTH = 64 * 1024

/**
 * Refuses what no model can be called or come from, without a look at the disk.
 * @throws ServingError INVALID_ARGUMENT naming the field, the value and what is allowed
 */
export function checkMeshModel(id: string, info: MeshModelInfo): void {
  checkModelName(id, 'modelId')
  checkText(info.type, MAX_TYPE_LENGTH, `model ${id}: modelType`)
  checkText(info.path, MAX_PATH_LENGTH, `model ${id}: modelPath`)
  readMeshModelKey(id, info)
}

/**
 * Reads `modelKey`, as the puller has written it or as it was before the puller.
 * @throws ServingError INVALID_ARGUMENT naming the member
 */
export function readMeshModelKey(id: string, { type, key }: MeshModelInfo): MeshModelKey {
  const subject = `model ${id}: modelKey`
  if (key.length > MAX_KEY_LENGTH) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${subject} has ${key.length} characters, allowed are ${MAX_KEY_LENGTH}`,
    )
  }
  const members = key.trim() === '' ? {} : parseJsonObject(key, subject)
  const text = (name: string) => textOf(members[name], `${subject}: ${name}`)
  const size = members['disk_size_bytes']
  return {
    format: formatOf(members['model_type'], subject) ?? formatOfLabel(type),
    schemaPath: text('schema_path'),
    diskSizeBytes: typeof size === 'number' && size >= 0 ? size : undefined,
    storageKey: text('storage_key'),
    storageParams: objectOf(members['storage_params'], `${subject}: storage_params`),
    bucket: text('bucket'),
  }
}

/** `model_type` is an object with a name, or the name itself. */
function formatOf(value: unknown, subject: string): string | undefined {
  if (value === undefined || value === null) return undefined
  const isObject = typeof value === 'object' && !Array.isArray(value)
  const name: unknown = isObject && 'name' in value ? value.name : value
  if (typeof name !== 'string') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${subject}: model_type is ${shown(value)}; allowed is the name of a format, or {"name": …, "version": …}`,
    )
  }
  return withoutVersion(name)
}

/** A label says where a model may run: `mt:` and the format, or `rt:` and a runtime, which is no format. */
function formatOfLabel(type: string): string | undefined {
  if (type.startsWith('rt:')) return undefined
  // After the bar stands a protocol: mt:sklearn:1|pv:v2.
  const [label = ''] = type.split('|')
  return withoutVersion(label.startsWith('mt:') ? label.slice('mt:'.length) : label)
}

function withoutVersion(name: string): string | undefined {
  const [format = ''] = name.split(':')
  return format.trim().toLowerCase() || undefined
}

function textOf(value: unknown, subject: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') {
    throw new ServingError('INVALID_ARGUMENT', `${subject} is ${shown(value)}; allowed is a text`)
  }
  checkText(value, MAX_PATH_LENGTH, subject)
  return value
}

function objectOf(value: unknown, subject: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object' && !Array.isArray(value)) return { ...value }
  throw new ServingError('INVALID_ARGUMENT', `${subject} is ${shown(value)}; allowed is an object of texts`)
}

function checkText(text: string, maxLength: number, subject: string): void {
  if (text.length > maxLength) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${subject} has ${text.length} characters, allowed are ${maxLength}`,
    )
  }
  if (text.includes('\0')) {
    throw new ServingError('INVALID_ARGUMENT', `${subject} must not have null characters`)
  }
}

/** Keys may hold whatever a client sends: errors show a little of it. */
function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
