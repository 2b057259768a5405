import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { GrpcCall, GrpcMethod, HttpRoute } from '../transport/index.ts'
import { readTraceContext, withTraceContext } from './trace-context.ts'
import { TracedCall, TracedRequest } from './traced-requests.ts'
import { endWithStream } from './traced-stream.ts'

type Headers = Readonly<{ [name: string]: string }>

/**
 * OpenTelemetry spans from socket to model: one SERVER span for each request, named as MLServer names
 * it, and in it one span for the model's answer. A caller's `traceparent` is continued; the model sees
 * that of its own span among its headers, in workers too. Health checks are not traced.
 */
export interface Tracing {
  routes(routes: readonly HttpRoute[]): readonly HttpRoute[]
  methods(methods: ReadonlyMap<string, GrpcMethod>): ReadonlyMap<string, GrpcMethod>
  model(name: string, version: string | undefined, place: string): ModelTracing
}

export interface ModelTracing {
  /** Begins the span of one answer, in the span that the headers name. */
  start(headers: Headers, rows: number | undefined): ModelSpan
}

export interface ModelSpan {
  /** What the model gets. */
  readonly headers: Headers
  /** Runs the model with the span as the active one, for what it traces itself, and ends it with the answer. */
  around<T>(answer: () => Promise<T>): Promise<T>
  aroundStream<T>(answers: AsyncIterable<T>): AsyncIterable<T>
}

export interface TracingOptions {
  readonly tracer: Tracer
  /** The status that a client gets for what a handler throws. */
  readonly httpStatusOf: (error: unknown) => number
  readonly grpcCodeOf: (error: unknown) => number
}

const FIRST_SERVER_ERROR = 500
/** UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS: the server's doing. */
const GRPC_SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15])

export function createTracing({ tracer, httpStatusOf, grpcCodeOf }: TracingOptions): Tracing {
  const start = (name: string, kind: SpanKind, headers: Headers, attributes: Attributes) => {
    const parent = parentOf(headers)
    const span = tracer.startSpan(name, { kind, attributes }, parent)
    return { span, active: trace.setSpan(parent, span) }
  }

  const endFailedRoute = (span: Span, error: unknown) => {
    const status = httpStatusOf(error)
    span.setAttribute('http.response.status_code', status)
    endSpan(span, error, status >= FIRST_SERVER_ERROR)
  }

  const endMethod = (span: Span, error: unknown) => {
    const code = error === null ? 0 : grpcCodeOf(error)
    span.setAttribute('rpc.grpc.status_code', code)
    endSpan(span, error, GRPC_SERVER_ERRORS.has(code))
  }

  const tracedRoute = (route: HttpRoute): HttpRoute => {
    if (route.isExemptFromLimits === true) return route
    const template = mlserverTemplate(route.path)
    const name = `${route.method} ${template}`
    return {
      ...route,
      async handle(request) {
        const { span, active } = start(name, SpanKind.SERVER, request.headers, {
          'http.request.method': route.method,
          'http.route': template,
          'url.path': request.path,
        })
        const traced = new TracedRequest(request, withTraceContext(request.headers, span.spanContext()))
        try {
          const response = await context.with(active, () => route.handle(traced))
          span.setAttribute('http.response.status_code', response.status)
          const { body } = response
          if (body === undefined || !(Symbol.asyncIterator in body)) {
            endSpan(span, null, response.status >= FIRST_SERVER_ERROR)
            return response
          }
          return { ...response, body: endWithStream(body, error => endSpan(span, error, error !== null)) }
        } catch (error) {
          endFailedRoute(span, error)
          throw error
        }
      },
    }
  }

  const tracedMethod = (path: string, method: GrpcMethod): GrpcMethod => {
    const [, service = '', name = ''] = path.split('/')
    const attributes = { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': name }
    if (method.kind === 'unary') {
      return {
        ...method,
        async handle(message: Uint8Array, call: GrpcCall) {
          const { span, active } = start(path, SpanKind.SERVER, call.headers, attributes)
          const traced = new TracedCall(call, withTraceContext(call.headers, span.spanContext()))
          try {
            const answer = await context.with(active, () => method.handle(message, traced))
            endMethod(span, null)
            return answer
          } catch (error) {
            endMethod(span, error)
            throw error
          }
        },
      }
    }
    return {
      ...method,
      handle(messages: AsyncIterable<Uint8Array>, call: GrpcCall) {
        const { span } = start(path, SpanKind.SERVER, call.headers, attributes)
        const traced = new TracedCall(call, withTraceContext(call.headers, span.spanContext()))
        return endWithStream(method.handle(messages, traced), error => endMethod(span, error))
      },
    }
  }

  return {
    routes: routes => routes.map(tracedRoute),
    methods: methods =>
      new Map(
        Array.from(methods, ([path, method]) => [
          path,
          method.isExemptFromLimits === true ? method : tracedMethod(path, method),
        ]),
      ),
    model(name, version, place) {
      const attributes: Attributes = {
        'model.name': name,
        'model.placement': place,
        ...(version === undefined ? {} : { 'model.version': version }),
      }
      const spanName = `predict ${name}`
      return {
        start(headers, rows) {
          const { span, active } = start(spanName, SpanKind.INTERNAL, headers, attributes)
          if (rows !== undefined) span.setAttribute('model.rows', rows)
          return {
            headers: withTraceContext(headers, span.spanContext()),
            async around(answer) {
              try {
                const answered = await context.with(active, answer)
                span.end()
                return answered
              } catch (error) {
                endSpan(span, error, true)
                throw error
              }
            },
            aroundStream: answers => endWithStream(answers, error => endSpan(span, error, error !== null)),
          }
        },
      }
    },
  }
}

function parentOf(headers: Headers): Context {
  const parent = readTraceContext(headers)
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
}

/** What a client did wrong is no failure of the server's span, but is told. */
function endSpan(span: Span, error: unknown, isFailure: boolean): void {
  if (error !== null && error !== undefined) {
    const exception = error instanceof Error ? error : new Error(describeThrown(error))
    span.recordException(exception)
    if (isFailure) span.setStatus({ code: SpanStatusCode.ERROR, message: exception.message })
  } else if (isFailure) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

/** `/v2/models/:model/infer` as `/v2/models/{model_name}/infer`. */
function mlserverTemplate(path: string): string {
  return path.replace(':model', '{model_name}').replace(':version', '{model_version}')
}

function describeThrown(thrown: unknown): string {
  return typeof thrown === 'string' ? thrown : `something of type ${typeof thrown} was thrown`
}
