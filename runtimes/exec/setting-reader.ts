import { ServingError } from '@millrace/sdk'

/** `parameters.extra` of a model. */
export type Extra = Readonly<Record<string, unknown>>

/** Longest text of a value that a message shows. */
const SHOWN_CHARACTERS = 200

/** The error for a setting that cannot be, naming field, value and what is allowed. */
export function notAllowed(field: string, value: unknown, allowed: string): ServingError {
  const text = value === undefined ? 'not set' : (JSON.stringify(value) ?? typeof value)
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
  return new ServingError('INVALID_ARGUMENT', `parameters.extra.${field} is ${shown}; allowed is ${allowed}`)
}

/** A text that is not empty, or undefined. @throws ServingError INVALID_ARGUMENT */
export function readText(extra: Extra, field: string, allowed: string): string | undefined {
  const value = extra[field]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value
  throw notAllowed(field, value, allowed)
}

/** An integer within bounds, or undefined. @throws ServingError INVALID_ARGUMENT */
export function readInteger(extra: Extra, field: string, min: number, max: number): number | undefined {
  const value = extra[field]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw notAllowed(field, value, `an integer from ${min} to ${max}`)
}

/** Seconds above 0, as milliseconds. @throws ServingError INVALID_ARGUMENT */
export function readSeconds(extra: Extra, field: string, defaultSeconds: number, maxSeconds: number): number {
  const value = extra[field] ?? defaultSeconds
  if (typeof value === 'number' && value > 0 && value <= maxSeconds) return Math.ceil(value * 1000)
  throw notAllowed(field, value, `a number of seconds above 0 and up to ${maxSeconds}`)
}

/** A list of texts without NUL characters of which the first is not empty. @throws ServingError INVALID_ARGUMENT */
export function readCommand(value: unknown): readonly string[] {
  const isCommand =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(part => typeof part === 'string' && !part.includes('\0')) &&
    value[0] !== ''
  if (isCommand) return value as string[]
  throw notAllowed('command', value, 'a list of texts, the program first, such as ["python3", "serve.py"]')
}

/** Texts by name. @throws ServingError INVALID_ARGUMENT */
export function readEnvironment(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  const allowed = 'an object of texts, whose names have no "=" in them'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notAllowed('environment', value, allowed)
  }
  for (const [name, text] of Object.entries(value)) {
    if (!/^[^=\0]+$/.test(name) || typeof text !== 'string' || text.includes('\0')) {
      throw notAllowed(`environment[${JSON.stringify(name)}]`, text, allowed)
    }
  }
  return value as Readonly<Record<string, string>>
}
