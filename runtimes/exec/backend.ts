import type { InferenceRequest, ModelContract, ModelResponse, RequestContext } from '@millrace/sdk'
import type { CallOptions } from '@millrace/sdk/client'
import type { Protocol } from './exec-settings.ts'

/** A program that answers, whichever protocol it speaks. */
export interface Backend {
  readonly protocol: Protocol
  readonly predict: (request: InferenceRequest, context: RequestContext) => Promise<ModelResponse>
  /** Null for a protocol without streams. */
  readonly predictStream:
    | ((request: InferenceRequest, context: RequestContext) => AsyncIterable<ModelResponse>)
    | null
  /** What the program says of the model; a list is empty where it says nothing. Null for a protocol without it. */
  readonly metadata: ((options: CallOptions) => Promise<ModelContract>) | null
  readonly close: () => Promise<void>
}

/** Headers that go on to the program, so that traces and logs can be joined. */
const FORWARDED = ['traceparent', 'tracestate', 'x-request-id']

/** What a call to the program takes over from the request that it is made for. */
export function callOptions({ signal, deadlineMs, headers }: RequestContext): CallOptions {
  const forwarded: Record<string, string> = {}
  for (const name of FORWARDED) {
    const value = headers[name]
    // gRPC carries printable ASCII only.
    if (value !== undefined && /^[\x20-\x7e]+$/.test(value)) forwarded[name] = value
  }
  const timeoutMs =
    deadlineMs === Number.POSITIVE_INFINITY ? deadlineMs : Math.max(1, deadlineMs - Date.now())
  return { signal, timeoutMs, headers: forwarded }
}
