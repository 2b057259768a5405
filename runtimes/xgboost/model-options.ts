import { ServingError } from '@millrace/sdk'
import type { RoundRange } from './booster.ts'

const FIELDS = ['missing', 'iteration_range']

export interface ModelOptions {
  /** The number that stands for a missing value beside NaN; `undefined` for none. */
  readonly missing: number | undefined
  /** As XGBoost's parameter of that name; `undefined` if not set. */
  readonly rounds: RoundRange | undefined
}

/**
 * Reads `parameters.extra`.
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed
 */
export function readModelOptions(extra: Readonly<Record<string, unknown>>): ModelOptions {
  const unknown = Object.keys(extra).find(field => !FIELDS.includes(field))
  if (unknown !== undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `parameters.extra.${unknown} is not an option; options are ${FIELDS.join(', ')}`,
    )
  }
  return { missing: readMissing(extra.missing), rounds: readRounds(extra.iteration_range) }
}

function readMissing(value: unknown): number | undefined {
  if (value === undefined || value === null || value === 'NaN') return undefined
  if (typeof value === 'number') return Math.fround(value)
  throw notAllowed('missing', value, 'a number, or "NaN"')
}

function readRounds(value: unknown): RoundRange | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.length === 2 && value.every(round => Number.isSafeInteger(round))) {
    const [begin, end] = value as [number, number]
    if (begin >= 0 && (begin < end || (begin === 0 && end === 0))) return { begin, end }
  }
  throw notAllowed('iteration_range', value, '[begin, end] with 0 <= begin < end, or [0, 0] for all rounds')
}

function notAllowed(field: string, value: unknown, allowed: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `parameters.extra.${field} is ${JSON.stringify(value)}; allowed is ${allowed}`,
  )
}
