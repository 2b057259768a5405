import type { AdmissionCheck } from '../admission-check.ts'
import type { HttpHandler, HttpResponse } from './http-types.ts'
import type { IncomingRequest } from './incoming-request.ts'

/** Lets `handle` have the request if `check` agrees. It throws or rejects with what `check` says against it. */
export function askFirst(
  check: AdmissionCheck,
  request: IncomingRequest,
  handle: HttpHandler,
): HttpResponse | Promise<HttpResponse> {
  const asked = check(request)
  if (asked === undefined) return handle(request)
  return asked.then(() => {
    // The client may have left meanwhile, or the deadline passed.
    request.throwIfAborted()
    return handle(request)
  })
}
