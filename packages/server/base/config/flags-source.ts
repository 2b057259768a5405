import { ServingError } from '@millrace/sdk'
import type { ObjectSchema } from './field-schema.ts'
import type { JsonObject } from './json-file.ts'
import { suggestion } from './nearest-name.ts'
import type { SettingsSource } from './settings-source.ts'
import { readText } from './variables-source.ts'

/**
 * Settings from the command line, by field name (`http_port` for `--http-port`). Text is read as in
 * variables; a flag that is undefined was not given.
 * @throws ServingError INVALID_ARGUMENT for a name that is no field, and for text that should be JSON.
 */
export function flagsSource(schema: ObjectSchema, flags: JsonObject): SettingsSource {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  const values = given.map(([name, value]): [string, unknown] => {
    if (!Object.hasOwn(schema.properties, name)) {
      const hint = suggestion(name, Object.keys(schema.properties))
      throw new ServingError('INVALID_ARGUMENT', `${flagOf(name)} is not a setting${hint}`)
    }
    return [name, typeof value === 'string' ? readText(value, schema.properties[name]!, flagOf(name)) : value]
  })
  return {
    values: Object.fromEntries(values),
    originOf: ([field = '']) => ({ label: flagOf(field), location: flagOf(field) }),
  }
}

function flagOf(field: string): string {
  return `flag --${field.replaceAll('_', '-')}`
}
