/**
 * Headers that belong to the way a request came, not to what it asks: of the connection, of clients and
 * proxies, of tracing, and identifiers that differ for each request.
 */
const OF_THE_WAY: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'b3',
  'baggage',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'dnt',
  'expect',
  'forwarded',
  'host',
  'inference-header-content-length',
  'keep-alive',
  'origin',
  'pragma',
  'priority',
  'referer',
  'seldon-puid',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'uber-trace-id',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'via',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-correlation-id',
  'x-real-ip',
  'x-request-id',
])
const PREFIXES_OF_THE_WAY = [
  'ce-',
  'grpc-',
  'if-',
  'proxy-',
  'sec-',
  'x-b3-',
  'x-datadog-',
  'x-envoy-',
  'x-forwarded-',
]

type Headers = Readonly<{ [name: string]: string }>

/**
 * The headers by which two requests with the same tensors may deserve different answers. Where requests
 * share a call or an answer (batches, the response cache), these must be equal, and a model sees no others.
 */
export function applicationHeaders(headers: Headers): Headers {
  let found: Record<string, string> | undefined
  for (const name in headers) {
    if (isOfTheWay(name)) continue
    found ??= {}
    found[name] = headers[name]!
  }
  return found ?? NONE
}

/** Equal for equal {@link applicationHeaders}, in whatever order; '' if there are none. */
export function applicationHeadersKey(headers: Headers): string {
  const own = applicationHeaders(headers)
  if (own === NONE) return ''
  return JSON.stringify(Object.entries(own).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const NONE: Headers = Object.freeze({})

function isOfTheWay(name: string): boolean {
  return OF_THE_WAY.has(name) || PREFIXES_OF_THE_WAY.some(prefix => name.startsWith(prefix))
}
