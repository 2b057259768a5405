import { type ErrorCode, ServingError, type Violation } from '../errors/index.ts'

/** What a status means where the server says no more; every other one is as its hundred. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ALREADY_EXISTS',
  413: 'RESOURCE_EXHAUSTED',
  422: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const SHOWN_CHARACTERS = 1000

/** Turns an answer with a status of failure into an error with the server's own text. */
export function refusalOf(status: number, headers: Headers, body: Uint8Array): ServingError {
  if (status < 400 || status > 599) {
    const place = headers.get('location')
    const where = place === null ? '' : `; it points to ${place}, so give that address`
    return new ServingError(
      'FAILED_PRECONDITION',
      `the server answered with status ${status}, which is no answer to such a call${where}`,
    )
  }
  const code = CODES[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL')
  const { text, violations } = wordsOf(body)
  return new ServingError(code, text === '' ? `the server answered with status ${status}` : text, {
    httpStatus: status,
    ...(violations === undefined ? {} : { violations }),
    ...retryAfter(headers),
  })
}

/**
 * `{"error": …}` of the protocol, `{"detail": …}` of MLServer, `{"error": WORD, "message": …}` of a manager and
 * `{"error": WORD, "information": …}` of a gateway, `{"errors": […]}` of monitoring, or whatever text there is.
 */
function wordsOf(body: Uint8Array): { text: string; violations?: readonly Violation[] } {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString().trim()
  const json = parsed(text)
  if (json === undefined) return { text: shortened(text) }
  const { error, errors, detail, message, information = message } = json
  const said = wordsIn(Array.isArray(errors) ? errors.join('; ') : information)
  if (said !== undefined) return { text: shortened(said) }
  const violations = Array.isArray(detail) && detail.every(isViolation) ? { violations: detail } : {}
  if (typeof error === 'string') return { text: shortened(error), ...violations }
  if (violations.violations === undefined) {
    return { text: shortened(typeof detail === 'string' ? detail : text) }
  }
  const words = violations.violations.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
  return { text: shortened(words), ...violations }
}

/** A text, or `{"message": …}` of the oldest managers. */
function wordsIn(information: unknown): string | undefined {
  if (typeof information === 'string') return information
  if (typeof information !== 'object' || information === null || !('message' in information)) return undefined
  return typeof information.message === 'string' ? information.message : undefined
}

interface RefusalJson {
  readonly error?: unknown
  readonly errors?: unknown
  readonly detail?: unknown
  readonly message?: unknown
  readonly information?: unknown
}

function parsed(text: string): RefusalJson | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

function isViolation(value: unknown): value is Violation {
  if (typeof value !== 'object' || value === null) return false
  const { type, loc, msg } = value as { readonly [member in keyof Violation]?: unknown }
  return typeof type === 'string' && typeof msg === 'string' && Array.isArray(loc)
}

function shortened(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

/** Seconds; the form with a date is for caches. */
function retryAfter(headers: Headers): { retryAfterMs?: number } {
  const value = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(value) ? { retryAfterMs: Number(value) * 1000 } : {}
}
