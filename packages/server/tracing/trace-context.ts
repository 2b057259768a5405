import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api'

type Headers = Readonly<{ [name: string]: string }>

/** W3C Trace Context, version 00 and what later versions must still begin with. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/
/** https://www.w3.org/TR/trace-context/#tracestate-limits */
const MAX_TRACESTATE_LENGTH = 512

/** The span that a request belongs to by its headers; `undefined` if they name none. */
export function readTraceContext(headers: Headers): SpanContext | undefined {
  const parts = TRACEPARENT.exec(headers['traceparent'] ?? '')
  if (parts === null) return undefined
  const [, traceId, spanId, flags] = parts as unknown as [string, string, string, string]
  const tracestate = headers['tracestate']
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate === undefined || tracestate.length > MAX_TRACESTATE_LENGTH
      ? {}
      : { traceState: createTraceState(tracestate) }),
  }
  return isSpanContextValid(context) ? context : undefined
}

/** The headers as whoever works for this span gets them. */
export function withTraceContext(headers: Headers, { traceId, spanId, traceFlags }: SpanContext): Headers {
  const flags = traceFlags.toString(16).padStart(2, '0')
  return { ...headers, traceparent: `00-${traceId}-${spanId}-${flags}` }
}
