import type { Registry } from 'prom-client'
import { FixedHistogram } from './fixed-histogram.ts'
import { readOnScrape, type Sample } from './read-on-scrape.ts'

/** A finished HTTP exchange. */
export interface HttpExchange {
  readonly method: string
  /** The route's pattern; `undefined` when none matched. */
  readonly route: string | undefined
  readonly status: number
  readonly durationMs: number
}

/** A finished gRPC call. */
export interface GrpcExchange {
  readonly service: string
  readonly method: string
  readonly kind: 'unary' | 'stream'
  readonly code: number
  readonly durationMs: number
  readonly messagesReceived: number
  readonly messagesSent: number
}

/** What the listeners report. */
export interface TransportMetrics {
  readonly httpStarted: (method: string) => void
  readonly httpFinished: (exchange: HttpExchange) => void
  readonly grpcStarted: (service: string, method: string, kind: 'unary' | 'stream') => void
  readonly grpcFinished: (exchange: GrpcExchange) => void
}

interface HttpSeries {
  readonly labels: Sample['labels']
  readonly seconds: FixedHistogram
  count: number
}

interface GrpcSeries {
  readonly labels: Sample['labels']
  readonly seconds: FixedHistogram
  readonly handledByCode: Map<number, number>
  started: number
  received: number
  sent: number
}

/** By verb, path and status; nested, because a joined key would be a new string for each request. */
type HttpTable = Map<string, Map<string, Map<number, HttpSeries>>>
/** By service and method. */
type GrpcTable = Map<string, Map<string, GrpcSeries>>

function newMap<K, V>(): Map<K, V> {
  return new Map()
}

function entryOf<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let entry = map.get(key)
  if (entry === undefined) {
    entry = create()
    map.set(key, entry)
  }
  return entry
}

function* httpSeriesOf(table: HttpTable): Iterable<HttpSeries> {
  for (const ofVerb of table.values()) for (const ofPath of ofVerb.values()) yield* ofPath.values()
}

function* grpcSeriesOf(table: GrpcTable): Iterable<GrpcSeries> {
  for (const ofService of table.values()) yield* ofService.values()
}

/** Routes with series of their own, for each verb. */
const MAX_PATHS = 1000

/** MLServer's label, which its dashboards select by. */
const APP_NAME = 'mlserver'

/** Codes by number (https://grpc.io/docs/guides/status-codes/), as Go's and Python's metrics spell them. */
export const GRPC_CODE_NAMES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

/**
 * `rest_server_*` and `grpc_server_*`. Label values come from routes and method tables, never from
 * what a client sent, so their number is bounded.
 */
export function createTransportMetrics(registry: Registry, restPrefix: string): TransportMetrics {
  const http: HttpTable = new Map()
  const inProgress = new Map<string, number>()
  const grpc: GrpcTable = new Map()
  exposeHttp(registry, restPrefix, http, inProgress)
  exposeGrpc(registry, grpc)

  const grpcSeries = (service: string, method: string, kind: 'unary' | 'stream'): GrpcSeries => {
    const ofService = entryOf(grpc, service, newMap<string, GrpcSeries>)
    let series = ofService.get(method)
    if (series === undefined) {
      const type = kind === 'unary' ? 'UNARY' : 'BIDI_STREAMING'
      series = {
        labels: { grpc_type: type, grpc_service: service, grpc_method: method },
        seconds: new FixedHistogram(),
        handledByCode: new Map(),
        started: 0,
        received: 0,
        sent: 0,
      }
      ofService.set(method, series)
    }
    return series
  }

  return {
    httpStarted(method) {
      const verb = knownVerb(method)
      inProgress.set(verb, (inProgress.get(verb) ?? 0) + 1)
    },
    httpFinished({ method, route, status, durationMs }) {
      const verb = knownVerb(method)
      inProgress.set(verb, (inProgress.get(verb) ?? 1) - 1)
      if (route !== undefined && isHealthRoute(route)) return
      const ofVerb = entryOf(http, verb, newMap<string, Map<number, HttpSeries>>)
      let path = route ?? 'unmatched'
      // Models bring routes of their own, and models come and go.
      if (ofVerb.size >= MAX_PATHS && !ofVerb.has(path)) path = 'other'
      const ofPath = entryOf(ofVerb, path, newMap<number, HttpSeries>)
      let series = ofPath.get(status)
      if (series === undefined) {
        const labels = { method: verb, path: templatePath(path), status_code: status, app_name: APP_NAME }
        series = { labels, seconds: new FixedHistogram(), count: 0 }
        ofPath.set(status, series)
      }
      series.count++
      series.seconds.observe(durationMs / 1000)
    },
    grpcStarted(service, method, kind) {
      grpcSeries(service, method, kind).started++
    },
    grpcFinished({ service, method, kind, code, durationMs, messagesReceived, messagesSent }) {
      const series = grpcSeries(service, method, kind)
      series.handledByCode.set(code, (series.handledByCode.get(code) ?? 0) + 1)
      series.seconds.observe(durationMs / 1000)
      series.received += messagesReceived
      series.sent += messagesSent
    },
  }
}

const VERBS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function knownVerb(method: string): string {
  return VERBS.has(method) ? method : 'OTHER'
}

function isHealthRoute(route: string): boolean {
  return route.startsWith('/v2/health/') || route.endsWith('/ready')
}

/** MLServer writes path templates as `/v2/models/{model_name}/infer`. */
function templatePath(route: string): string {
  return route.replace(':model', '{model_name}').replace(':version', '{model_version}')
}

function exposeHttp(
  registry: Registry,
  prefix: string,
  http: HttpTable,
  inProgress: ReadonlyMap<string, number>,
): void {
  readOnScrape(registry, {
    name: `${prefix}_requests_total`,
    help: 'HTTP requests answered, health checks left out',
    type: 'counter',
    *read() {
      for (const { labels, count } of httpSeriesOf(http)) yield { labels, value: count }
    },
  })
  readOnScrape(registry, {
    name: `${prefix}_request_duration_seconds`,
    help: 'Time from the first header byte to the end of the response',
    type: 'histogram',
    *read() {
      for (const { labels, seconds } of httpSeriesOf(http)) yield* seconds.samples(labels)
    },
  })
  readOnScrape(registry, {
    name: `${prefix}_requests_in_progress`,
    help: 'HTTP requests being answered',
    type: 'gauge',
    *read() {
      for (const [method, value] of inProgress) yield { labels: { method, app_name: APP_NAME }, value }
    },
  })
}

function exposeGrpc(registry: Registry, grpc: GrpcTable): void {
  const counters = [
    { name: 'grpc_server_started_total', help: 'gRPC calls begun', field: 'started' },
    { name: 'grpc_server_msg_received_total', help: 'gRPC messages received', field: 'received' },
    { name: 'grpc_server_msg_sent_total', help: 'gRPC messages sent', field: 'sent' },
  ] as const
  for (const { name, help, field } of counters) {
    readOnScrape(registry, {
      name,
      help,
      type: 'counter',
      *read() {
        for (const series of grpcSeriesOf(grpc)) yield { labels: series.labels, value: series[field] }
      },
    })
  }
  readOnScrape(registry, {
    name: 'grpc_server_handled_total',
    help: 'gRPC calls ended, by status code',
    type: 'counter',
    *read() {
      for (const { labels, handledByCode } of grpcSeriesOf(grpc)) {
        for (const [code, value] of handledByCode) {
          yield { labels: { ...labels, grpc_code: GRPC_CODE_NAMES[code] ?? 'UNKNOWN' }, value }
        }
      }
    },
  })
  // MLServer's library exposes the same figures under two names, and dashboards use either.
  for (const name of ['grpc_server_handling_seconds', 'grpc_server_handled_latency_seconds']) {
    readOnScrape(registry, {
      name,
      help: 'Time from the start of a gRPC call to its status',
      type: 'histogram',
      *read() {
        for (const { labels, seconds } of grpcSeriesOf(grpc)) yield* seconds.samples(labels)
      },
    })
  }
}
