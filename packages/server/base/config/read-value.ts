import { allowsType, type FieldSchema } from './field-schema.ts'
import { isJsonObject, type JsonObject } from './json-file.ts'

export type Path = readonly (string | number)[]

/** Told of each member that a schema does not know; `known` are the names it does know. */
export type ReportUnknown = (path: Path, known: readonly string[]) => void

const TRUE_WORDS = new Set(['true', '1', 'yes', 'on', 't', 'y'])
const FALSE_WORDS = new Set(['false', '0', 'no', 'off', 'f', 'n'])

/**
 * `value` with the liberties that MLServer's parser (pydantic) takes: text where a number or a boolean
 * belongs is read as one, 0 and 1 are booleans, an empty text where null is allowed is null. Members that
 * a closed object does not know are reported and left out. What cannot be read stays as it is, for the
 * schema's check to refuse.
 */
function readValue(value: unknown, schema: FieldSchema, path: Path, report: ReportUnknown): unknown {
  if (typeof value === 'string') return readString(value, schema)
  if (typeof value === 'number' && (value === 0 || value === 1) && isBooleanOnly(schema)) return value === 1
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined
      ? value
      : value.map((item, index) => readValue(item, items, [...path, index], report))
  }
  return isJsonObject(value) ? readObject(value, schema, path, report) : value
}

/** The same for an object: the whole of a settings file, or a field. */
export function readObject(
  value: JsonObject,
  schema: FieldSchema,
  path: Path,
  report: ReportUnknown,
): JsonObject {
  const { properties } = schema
  if (properties === undefined) return value
  const members = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    if (Object.hasOwn(properties, name)) {
      return [[name, readValue(member, properties[name]!, [...path, name], report)]]
    }
    if (schema.additionalProperties !== false) return [[name, member]]
    report([...path, name], Object.keys(properties))
    return []
  })
  return Object.fromEntries(members)
}

function readString(text: string, schema: FieldSchema): unknown {
  if (text === '' && allowsType(schema, 'null')) return null
  if (allowsType(schema, 'string')) return text
  const trimmed = text.trim()
  if (allowsType(schema, 'boolean')) {
    const word = trimmed.toLowerCase()
    if (TRUE_WORDS.has(word)) return true
    if (FALSE_WORDS.has(word)) return false
  }
  const isNumber =
    (allowsType(schema, 'integer') && /^[+-]?\d+$/.test(trimmed)) ||
    (allowsType(schema, 'number') && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(trimmed))
  return isNumber ? Number(trimmed) : text
}

function isBooleanOnly(schema: FieldSchema): boolean {
  return allowsType(schema, 'boolean') && !allowsType(schema, 'integer') && !allowsType(schema, 'number')
}
