import { ServingError } from '@millrace/sdk'

/** What to throw for a member of `parameters.extra` whose value is not allowed. */
export function notAllowed(field: string, value: unknown, allowed: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `parameters.extra.${field} is ${JSON.stringify(value)}; allowed is ${allowed}`,
  )
}

export function quoted(values: readonly string[]): string {
  return values.map(value => `"${value}"`).join(', ')
}

/** True for what is written in braces in JSON. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
