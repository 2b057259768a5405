import { type ErrorCode, type Logger, ServingError } from '@millrace/sdk'

/** What the manager's HTTP interface answers instead of what was asked for. */
export interface ErrorAnswer {
  readonly status: number
  readonly body: object
}

type ErrorWord = 'NotFound' | 'InvalidRequest' | 'NotSupported' | 'Unavailable' | 'InternalException'

/** The one place that turns codes into the statuses and words of version 2. */
const ANSWERS: Readonly<Record<ErrorCode, readonly [status: number, word: ErrorWord]>> = {
  INVALID_ARGUMENT: [400, 'InvalidRequest'],
  OUT_OF_RANGE: [400, 'InvalidRequest'],
  ALREADY_EXISTS: [400, 'InvalidRequest'],
  FAILED_PRECONDITION: [400, 'InvalidRequest'],
  NOT_FOUND: [404, 'NotFound'],
  UNAUTHENTICATED: [401, 'InvalidRequest'],
  PERMISSION_DENIED: [403, 'InvalidRequest'],
  RESOURCE_EXHAUSTED: [429, 'InvalidRequest'],
  UNAVAILABLE: [503, 'Unavailable'],
  DEADLINE_EXCEEDED: [504, 'Unavailable'],
  CANCELLED: [499, 'InvalidRequest'],
  UNIMPLEMENTED: [501, 'NotSupported'],
  INTERNAL: [500, 'InternalException'],
  UNKNOWN: [500, 'InternalException'],
}

/** Whatever was thrown, as an error whose text may be shown; the texts of defects are logged and kept back. */
export function toShownError(thrown: unknown, log: Logger): ServingError {
  if (ServingError.is(thrown)) {
    if (thrown.code === 'INTERNAL' || thrown.code === 'UNKNOWN') {
      log.error(thrown.message, { error: thrown.cause ?? thrown })
    }
    return thrown
  }
  const refusal = refusalOf(thrown)
  if (refusal !== undefined) return refusal
  log.error('a request to the manager failed', { error: thrown })
  return new ServingError('INTERNAL', 'the manager failed to answer; its log says why', { cause: thrown })
}

/** What the HTTP library refused: a body that is none, or does not fit its schema. */
function refusalOf(thrown: unknown): ServingError | undefined {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return undefined
  const { statusCode: httpStatus } = thrown
  if (typeof httpStatus !== 'number' || httpStatus < 400 || httpStatus >= 500) return undefined
  const code: ErrorCode =
    httpStatus === 404 ? 'NOT_FOUND' : httpStatus === 413 ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT'
  return new ServingError(code, thrown.message, { httpStatus, cause: thrown })
}

export function answerV2(error: ServingError): ErrorAnswer {
  const [status, word] = ANSWERS[error.code]
  return { status: error.httpStatus ?? status, body: { message: error.message, error: word } }
}

/** Version 1 has one status for all errors; its clients read the text. */
export function answerV1(error: ServingError): ErrorAnswer {
  const word = ANSWERS[error.code][1] === 'InternalException' ? 'Internal' : 'Client'
  return { status: 500, body: { error: word, information: { message: error.message } } }
}
