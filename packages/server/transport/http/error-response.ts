import { ServingError } from '@millrace/sdk'
import type { HttpResponse } from './http-types.ts'
import { HttpRefusal } from './listener-errors.ts'

/**
 * Completes what the protocol says about an error with what HTTP asks for: the headers of a refusal
 * (`Allow`, `Accept-Encoding`) and `Retry-After`, unless the protocol has set them. Never throws.
 */
export function createErrorResponder(
  toErrorResponse: (error: unknown) => HttpResponse,
): (error: unknown) => HttpResponse {
  return error => {
    let response: HttpResponse
    try {
      response = toErrorResponse(error)
    } catch {
      // A defect in the error mapping itself: there is no wording left, but the client gets its answer.
      return { status: 500 }
    }
    const headers: { [name: string]: string } = error instanceof HttpRefusal ? { ...error.headers } : {}
    if (ServingError.is(error) && error.retryAfterMs !== undefined) {
      headers['retry-after'] = String(Math.ceil(error.retryAfterMs / 1000))
    }
    for (const [name, value] of Object.entries(response.headers ?? {})) {
      delete headers[name.toLowerCase()]
      headers[name] = value
    }
    return { ...response, headers }
  }
}
