import { ServingError } from '@millrace/sdk'
import { Compile } from 'typebox/schema'
import { allowsType, describeAllowed, type FieldSchema, type ObjectSchema } from './field-schema.ts'
import { isJsonObject, type JsonObject } from './json-file.ts'
import { type MergedSettings, mergeSources } from './merge-sources.ts'
import { suggestion } from './nearest-name.ts'
import { type Path, readObject } from './read-value.ts'
import type { Origin, SettingsSource } from './settings-source.ts'

export interface CheckedSettings {
  /** What was set, checked, under the names of the settings file; defaults are not filled in. */
  readonly values: JsonObject
  readonly origins: ReadonlyMap<string, Origin>
  /** One for each member that the schema does not know. */
  readonly warnings: readonly string[]
}

/**
 * Makes a function that joins sources (the strongest first) and checks what results against a schema.
 * A wrong value that a stronger source replaces does no harm, as in MLServer.
 * The function throws ServingError INVALID_ARGUMENT naming origin, field, value and what is allowed.
 */
export function settingsChecker(
  schema: ObjectSchema,
): (sources: readonly SettingsSource[]) => CheckedSettings {
  const validator = Compile(schema)
  return sources => {
    const merged = mergeSources(sources)
    const warnings: string[] = []
    const values = readObject(merged.values, schema, [], (path, known) => {
      // Editors read this member to find the schema.
      if (path.length === 1 && path[0] === '$schema') return
      const hint = suggestion(String(path.at(-1)), known)
      warnings.push(`${originOf(path, merged).location}: ${formatPath(path)} is not a setting${hint}`)
    })
    const [isValid, [first]] = validator.Errors(values)
    if (isValid || first === undefined) return { values, origins: merged.origins, warnings }

    const path = readPointer(first.instancePath, values)
    const missing = first.keyword === 'required' ? first.params.requiredProperties[0]! : undefined
    throw missing === undefined
      ? wrongValue(path, schema, values, merged)
      : new ServingError(
          'INVALID_ARGUMENT',
          `${originOf(path, merged).location}: ${formatPath([...path, missing])} is missing; ` +
            `it must be ${describeAllowed(schemaAt(schema, [...path, missing]))}`,
        )
  }
}

/** `inputs[0].datatype` */
function formatPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('')
}

/** A value as a message shows it: whole if it is short. */
export function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  // JSON has no word for Infinity, which is what the text 1e999 becomes.
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`
}

/** A ServingError INVALID_ARGUMENT for a value that its field does not allow. */
export function settingError(origin: Origin, path: Path, value: unknown, allowed: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `${origin.location}: ${formatPath(path)} is ${formatValue(value)}; allowed is ${allowed}`,
  )
}

/** The origin of the nearest field or member that has one. */
export function originOf(path: Path, { origins }: Pick<MergedSettings, 'origins'>): Origin {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join('.'))
    if (origin !== undefined) return origin
  }
  return { label: 'default', location: 'default' }
}

function wrongValue(path: Path, schema: FieldSchema, values: unknown, merged: MergedSettings): ServingError {
  const value = valueAt(values, path)
  const field = schemaAt(schema, path)
  const isUnquoted = allowsType(field, 'string') && (typeof value === 'number' || typeof value === 'boolean')
  const hint = isUnquoted && field.enum === undefined ? `; write it in quotes: "${value}"` : ''
  return settingError(originOf(path, merged), path, value, describeAllowed(field) + hint)
}

/** The steps of a JSON pointer (RFC 6901); a step into a list becomes a number. */
function readPointer(pointer: string, root: unknown): Path {
  const path: (string | number)[] = []
  let value = root
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(value) ? Number(name) : name)
    value = memberOf(value, path.at(-1)!)
  }
  return path
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce(memberOf, root)
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof step === 'number') return Array.isArray(value) ? value[step] : undefined
  return isJsonObject(value) ? value[step] : undefined
}

function schemaAt(root: FieldSchema, path: Path): FieldSchema {
  return path.reduce(
    (schema: FieldSchema, step) =>
      (typeof step === 'number' ? schema.items : schema.properties?.[step]) ?? {},
    root,
  )
}
