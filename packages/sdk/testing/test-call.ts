import { ServingError } from '../errors/index.ts'
import type { Logger, ModelMetrics, RequestContext } from '../model/index.ts'
import type { Parameters } from '../tensor/index.ts'

/** What a test says of one call, besides its inputs. */
export interface CallOptions {
  /** Headers of this call, before those given to `loadForTest`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Abort it to be a client that goes away. */
  readonly signal?: AbortSignal
  /** When the answer must be there, in milliseconds since the epoch; the model's signal is aborted then. Default Infinity. */
  readonly deadlineMs?: number
  /** Parameters of the request. */
  readonly parameters?: Parameters
  /** Names of the wanted outputs, in the wanted order. Default: all. */
  readonly outputs?: readonly string[]
}

/** One call as its model sees it. */
export interface TestCall extends Disposable {
  readonly context: RequestContext
  /** What the model sets, names in lower case. */
  readonly responseHeaders: Readonly<Record<string, string>>
}

/** A timer cannot be set for longer: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Begins a call; disposing of it stops its clock. */
export function beginCall(
  options: CallOptions,
  loadHeaders: Readonly<Record<string, string>>,
  { log, metrics }: { readonly log: Logger; readonly metrics: ModelMetrics },
): TestCall {
  const { deadlineMs = Infinity, signal: clientSignal } = options
  const expired = new AbortController()
  const expire = () => expired.abort(new ServingError('DEADLINE_EXCEEDED', 'the deadline has passed'))
  const leftMs = deadlineMs - Date.now()
  const timer = leftMs > 0 && leftMs <= MAX_TIMER_MS ? setTimeout(expire, leftMs) : undefined
  if (leftMs <= 0) expire()

  const responseHeaders: Record<string, string> = {}
  const context: RequestContext = {
    headers: lowerCased({ ...loadHeaders, ...options.headers }),
    signal: clientSignal === undefined ? expired.signal : AbortSignal.any([clientSignal, expired.signal]),
    deadlineMs,
    setHeader(name, value) {
      responseHeaders[name.toLowerCase()] = value
    },
    log,
    metrics,
  }
  return { context, responseHeaders, [Symbol.dispose]: () => clearTimeout(timer) }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
