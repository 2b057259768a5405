import { ServingError } from '@millrace/sdk'

const TEXT_LENGTH_MAX = 32_768

/** Readers of JSON members. @throws ServingError INVALID_ARGUMENT naming the path, the value and what is allowed */
export function readMembers(
  json: unknown,
  path: string,
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  const object = readObject(json, path)
  const stray = Object.keys(object).find(name => !allowed.includes(name))
  if (stray === undefined) return object
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${path}: there is no member '${stray.slice(0, 100)}'; the members are ${allowed.join(', ')}`,
  )
}

export function readObject(json: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Readonly<Record<string, unknown>>
  }
  return refuse(path, json, 'an object')
}

/** `undefined` for what is left out, or `null`. */
export function readText(json: unknown, path: string): string | undefined {
  if (json === undefined || json === null) return undefined
  if (typeof json === 'string' && json.length <= TEXT_LENGTH_MAX) return json
  return refuse(path, json, `a text of at most ${TEXT_LENGTH_MAX} characters`)
}

/** `undefined` for what is left out, or `null`. */
export function readCount(json: unknown, path: string, min: number, max: number): number | undefined {
  if (json === undefined || json === null) return undefined
  if (typeof json === 'number' && Number.isInteger(json) && json >= min && json <= max) return json
  return refuse(path, json, `an integer from ${min} to ${max}`)
}

export function refuse(path: string, value: unknown, allowed: string): never {
  const found = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 100)
  throw new ServingError('INVALID_ARGUMENT', `${path}: ${found} is not ${allowed}`)
}

/** Without the members that are `undefined`. */
export function present<T extends object>(
  members: {
    readonly [Name in keyof T]: T[Name] | undefined
  },
): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T
}
