import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { join } from 'node:path'
import type { FieldSchemas } from '../config/field-schema.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../config/json-file.ts'
import { type ServerSettingsFields, serverSettingsSchema } from './server-settings-schema.ts'

const properties: FieldSchemas = serverSettingsSchema.properties

/** The default of every field; four of them depend on where and what this server is. */
export function serverDefaults(workingDirectory: string): JsonObject {
  return {
    ...Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, field.default])),
    environments_dir: join(workingDirectory, '.envs'),
    metrics_dir: join(workingDirectory, '.metrics'),
    model_cache_dir: join(workingDirectory, '.models'),
    server_version: packageVersion(),
  }
}

/** All fields: those of `values`, which are checked, and the defaults of the others and of their members. */
export function fillServerDefaults(values: JsonObject, defaults: JsonObject): ServerSettingsFields {
  const fields = Object.entries(properties).map(([name, schema]): [string, unknown] => {
    const value = Object.hasOwn(values, name) ? values[name] : defaults[name]
    if (schema.properties === undefined || !isJsonObject(value)) return [name, value]
    const members = Object.entries(schema.properties).map(([member, memberSchema]): [string, unknown] => [
      member,
      Object.hasOwn(value, member) ? value[member] : memberSchema.default,
    ])
    return [name, Object.fromEntries(members)]
  })
  // The schema's check has seen every value that was set, and every field has a default.
  return Object.fromEntries(fields) as ServerSettingsFields
}

/** The version of this package, whether this runs from sources or from a build. */
function packageVersion(): string {
  const path = findPackageJSON('..', import.meta.url)
  if (path === undefined) throw new Error('this package has lost its package.json')
  return String(parseJsonObject(readFileSync(path, 'utf8'), path)['version'])
}
