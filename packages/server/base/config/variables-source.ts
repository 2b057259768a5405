import { allowsType, type FieldSchema, type ObjectSchema } from './field-schema.ts'
import { isJsonObject, parseJson } from './json-file.ts'
import { nearestName } from './nearest-name.ts'
import type { Origin, SettingsSource } from './settings-source.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface VariableOptions {
  /** What comes before a field's name, the strongest first: `['MILLRACE_', 'MLSERVER_']`. */
  readonly prefixes: readonly string[]
  /** What holds the variables: `environment`, `.env`. */
  readonly holder: string
}

export interface VariablesSource extends SettingsSource {
  /** One for each variable whose name is a slip away from a field's. */
  readonly warnings: readonly string[]
}

/**
 * Settings from variables. Names are read in any case; `MLSERVER_HTTP_PORT` in capitals wins over other
 * spellings. A field that is an object has a variable of its own, with JSON text, and one for each of
 * its declared members (`MLSERVER_MAX_AGE`), which is weaker. Where objects share a member's name, the variable
 * is that of the first.
 * @throws ServingError INVALID_ARGUMENT for a list or an object that is not JSON.
 */
export function variablesSource(
  schema: ObjectSchema,
  variables: Variables,
  { prefixes, holder }: VariableOptions,
): VariablesSource {
  const names = indexByCapitals(variables)
  const origins = new Map<string, Origin>()
  const known = new Set<string>()
  const owners = firstWithMember(schema)

  const read = (path: readonly string[], field: FieldSchema): [string, unknown][] => {
    const name = path.at(-1)!
    const candidates = prefixes.map(prefix => prefix + name.toUpperCase())
    for (const candidate of candidates) known.add(candidate)
    const variable = candidates.map(candidate => names.get(candidate)).find(found => found !== undefined)
    if (variable === undefined) return []
    const origin = `${holder} ${variable}`
    origins.set(path.join('.'), { label: origin, location: origin })
    return [[name, readText(variables[variable]!, field, origin)]]
  }

  const values = Object.entries(schema.properties).flatMap(([name, field]): [string, unknown][] => {
    const whole = read([name], field)
    const members = Object.entries(field.properties ?? {}).flatMap(([member, memberField]) =>
      owners.get(member) === name ? read([name, member], memberField) : [],
    )
    const object = whole[0]?.[1]
    if (members.length === 0) return whole
    if (whole.length === 0) {
      origins.set(name, origins.get(`${name}.${members[0]![0]}`)!)
      return [[name, Object.fromEntries(members)]]
    }
    if (!isJsonObject(object)) return whole
    for (const member of Object.keys(object)) origins.delete(`${name}.${member}`)
    return [[name, { ...Object.fromEntries(members), ...object }]]
  })

  return {
    values: Object.fromEntries(values),
    originOf: path => nearestOrigin(origins, path, holder),
    warnings: [...names].flatMap(([capitals, variable]) => {
      if (known.has(capitals) || !prefixes.some(prefix => capitals.startsWith(prefix))) return []
      const meant = nearestName(capitals, known)
      return meant === undefined ? [] : [`${holder} ${variable} is not a setting; did you mean ${meant}?`]
    }),
  }
}

/** Which object field a member's variable belongs to; none where a field of the file's own level has that name. */
function firstWithMember({ properties }: ObjectSchema): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  for (const [name, field] of Object.entries(properties)) {
    for (const member of Object.keys(field.properties ?? {})) {
      if (!owners.has(member) && !Object.hasOwn(properties, member)) owners.set(member, name)
    }
  }
  return owners
}

/** The names by their capitals; among spellings of one name the capitals win, then the first in order. */
function indexByCapitals(variables: Variables): Map<string, string> {
  const names = Object.keys(variables).filter(name => variables[name] !== undefined)
  const index = new Map<string, string>()
  // Capitals sort before small letters, so the first one seen is the strongest.
  for (const name of names.sort()) {
    const capitals = name.toUpperCase()
    if (!index.has(capitals)) index.set(capitals, name)
  }
  return index
}

/**
 * Lists and objects are JSON text. All else stays text here, because one table
 * (`readValue`) says what text a number or a boolean may be, in files and variables alike.
 */
export function readText(text: string, field: FieldSchema, origin: string): unknown {
  if (text === '' && allowsType(field, 'null')) return null
  if (!allowsType(field, 'array') && !allowsType(field, 'object')) return text
  // A field that may be a text as well (`logging_settings`: a path or an object) is JSON only if it looks it.
  if (allowsType(field, 'string') && !/^\s*[{[]/.test(text)) return text
  return parseJson(text, origin)
}

function nearestOrigin(
  origins: ReadonlyMap<string, Origin>,
  path: readonly string[],
  holder: string,
): Origin {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join('.'))
    if (origin !== undefined) return origin
  }
  return { label: holder, location: holder }
}
