import { describeValue, ServingError } from '@millrace/sdk'

/** What is predicted, as `Booster.predict` calls it. */
const PREDICT_TYPES = ['value', 'raw_score', 'leaf_index'] as const

const FIELDS = ['predict_type', 'start_iteration', 'num_iteration']
const MOST_ITERATIONS = 2 ** 31 - 1

export interface LightgbmOptions {
  /** What is answered to a request that names no outputs. Default `value`. */
  readonly predictType: (typeof PREDICT_TYPES)[number]
  /** The first iteration whose trees count. Default 0. */
  readonly startIteration: number
  /** How many iterations count, from the first on; `null`, the default, is all there are. */
  readonly iterationCount: number | null
}

type Extra = Readonly<Record<string, unknown>>

/**
 * Reads `parameters.extra`.
 * @throws ServingError INVALID_ARGUMENT naming the field, its value and what is allowed
 */
export function readOptions(extra: Extra): LightgbmOptions {
  const unknown = Object.keys(extra).find(field => !FIELDS.includes(field))
  if (unknown !== undefined)
    throw new ServingError(
      'INVALID_ARGUMENT',
      `parameters.extra.${unknown} is not an option; options are ${FIELDS.join(', ')}`,
    )
  const iterationCount = integer(extra, 'num_iteration', -1)
  return {
    predictType: predictType(extra),
    startIteration: Math.max(0, integer(extra, 'start_iteration', 0)),
    iterationCount: iterationCount <= 0 ? null : iterationCount,
  }
}

function predictType(extra: Extra): LightgbmOptions['predictType'] {
  const value = extra['predict_type'] ?? 'value'
  const found = PREDICT_TYPES.find(candidate => candidate === value)
  if (found !== undefined) return found
  throw notAllowed('predict_type', value, `one of ${PREDICT_TYPES.map(type => `"${type}"`).join(', ')}`)
}

function integer(extra: Extra, field: string, fallback: number): number {
  const value = extra[field] ?? fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value <= MOST_ITERATIONS)
    return value
  throw notAllowed(field, value, `an integer from -1 to ${MOST_ITERATIONS}`)
}

function notAllowed(field: string, value: unknown, allowed: string): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `parameters.extra.${field} is ${describeValue(value)}; allowed is ${allowed}`,
  )
}
