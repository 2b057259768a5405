import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/**
 * One place in a request that breaks its schema, in the form MLServer's clients read
 * (`{"detail": [{"type", "loc", "msg", "input"}]}`).
 */
export interface Violation {
  /** Machine-readable kind, e.g. `missing`, `enum`, `json_invalid`. */
  readonly type: string
  /** Path from the request's root, e.g. `['inputs', 0, 'datatype']`. */
  readonly loc: readonly (string | number)[]
  /** What is wrong and what is allowed. */
  readonly msg: string
  /** The offending value, if it is short. */
  readonly input?: unknown
  readonly ctx?: Readonly<Record<string, unknown>>
}

export interface ServingErrorOptions {
  /** What led here. Logged, never sent to a client. */
  readonly cause?: unknown
  /** Set when the request breaks its schema: REST answers 422 instead of 400. */
  readonly violations?: readonly Violation[]
  /** When to try again, for `UNAVAILABLE` and `RESOURCE_EXHAUSTED`. */
  readonly retryAfterMs?: number
  /**
   * An HTTP status of the author's choosing, an integer from 400 to 599, which REST sends instead
   * of the code's own; gRPC keeps the code.
   */
  readonly httpStatus?: number
}

const BRAND = Symbol.for('millrace.ServingError')

/**
 * The one error that crosses every seam of Millrace. Its message reaches the client, so it says
 * what was wrong, which value, and what is allowed; anything confidential belongs in `cause`.
 */
export class ServingError extends Error {
  override readonly name = 'ServingError'
  readonly code: ErrorCode
  readonly violations: readonly Violation[] | undefined
  readonly retryAfterMs: number | undefined
  readonly httpStatus: number | undefined

  /** @throws ServingError INTERNAL when `httpStatus` is not that of an error: a client would take it for an answer. */
  constructor(code: ErrorCode, message: string, options: ServingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    const { httpStatus } = options
    if (httpStatus !== undefined && !isErrorStatus(httpStatus)) {
      throw new ServingError('INTERNAL', `httpStatus ${httpStatus} is not an integer from 400 to 599`, {
        cause: `it was to carry ${code}: ${message}`,
      })
    }
    this.code = code
    this.violations = options.violations
    this.retryAfterMs = options.retryAfterMs
    this.httpStatus = httpStatus
  }

  get [BRAND](): true {
    return true
  }

  /** True for errors of any copy of this package: a model may have installed its own. */
  static is(error: unknown): error is ServingError {
    return typeof error === 'object' && error !== null && BRAND in error
  }

  /**
   * Turns whatever was thrown into a `ServingError`. An unknown throw becomes `INTERNAL` with
   * `message`; its own text may hold what a client must not see, so it stays in `cause`.
   */
  static from(error: unknown, message: string): ServingError {
    if (ServingError.is(error)) return error
    return new ServingError('INTERNAL', message, { cause: error })
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(value)
}

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599
}
