import { type ErrorCode, ServingError, type Violation } from '@millrace/sdk'

/** How many errors deep a chain of causes crosses. */
const MAX_CAUSES = 5

/** An error as it crosses; what was thrown and is no error crosses as its text. */
export interface CrossingError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** There for a `ServingError`. */
  readonly code?: ErrorCode
  readonly violations?: readonly Violation[] | undefined
  readonly retryAfterMs?: number | undefined
  readonly httpStatus?: number | undefined
  readonly cause?: CrossingError
  /** There for what is no error: the value, if it can cross, else its text. */
  readonly thrown?: string | number | boolean | bigint | null | undefined
}

export function encodeError(error: unknown, depth = 0): CrossingError {
  if (!(error instanceof Error) && !ServingError.is(error)) return encodeThrown(error)
  const { name, message, stack, cause } = error
  return {
    name: text(name),
    message: text(message),
    stack: stack === undefined ? undefined : text(stack),
    ...(ServingError.is(error) ? servingFields(error) : {}),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: encodeError(cause, depth + 1) }),
  }
}

/** The same error as if it had been thrown here: a `ServingError` is one again, others keep name and stack. */
export function decodeError(error: CrossingError): unknown {
  if ('thrown' in error) return error.thrown
  const { name, message, stack, code } = error
  const cause = error.cause === undefined ? undefined : decodeError(error.cause)
  const decoded = code === undefined ? new Error(message, { cause }) : servingError(code, error, cause)
  if (code === undefined) Object.defineProperty(decoded, 'name', { value: name, configurable: true })
  // The stack of the place where it was thrown; that of this place helps nobody.
  if (stack !== undefined) decoded.stack = stack
  return decoded
}

function encodeThrown(thrown: unknown): CrossingError {
  const isPlain =
    thrown === null || ['string', 'number', 'boolean', 'bigint', 'undefined'].includes(typeof thrown)
  return {
    name: 'Error',
    message: '',
    stack: undefined,
    thrown: isPlain ? (thrown as CrossingError['thrown']) : describe(thrown),
  }
}

function describe(thrown: unknown): string {
  try {
    return JSON.stringify(thrown) ?? String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}

function servingFields(error: ServingError): Partial<CrossingError> {
  const { code, violations, retryAfterMs, httpStatus } = error
  return {
    code,
    // Offending values come from requests and so can cross; a model's own violations may hold anything.
    violations:
      violations === undefined ? undefined : (JSON.parse(JSON.stringify(violations)) as Violation[]),
    retryAfterMs,
    httpStatus,
  }
}

function servingError(code: ErrorCode, error: CrossingError, cause: unknown): ServingError {
  const { message, violations, retryAfterMs, httpStatus } = error
  return new ServingError(code, message, {
    ...(cause === undefined ? {} : { cause }),
    ...(violations === undefined ? {} : { violations }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
  })
}

/** Authors write JavaScript as well, and put anything where a text belongs; that might not cross. */
function text(value: unknown): string {
  return String(value)
}
