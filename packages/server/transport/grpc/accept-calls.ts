import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { ServingError } from '@millrace/sdk'
import type { AdmissionCheck } from '../admission-check.ts'
import { askFirst } from './ask-first.ts'
import { type CallEnvironment, type Route, ServerCall } from './call.ts'
import type { GrpcListenerOptions, GrpcMethod } from './grpc-types.ts'
import { serveStream } from './stream-call.ts'
import { serveUnary } from './unary-call.ts'

const CONTENT_TYPE = /^application\/grpc(?:\+proto)?\s*(?:;|$)/i

/** Observers must not grow a label for every path that somebody tries. */
const UNKNOWN_ROUTE: Route = { service: 'unknown', name: 'unknown', method: undefined, check: undefined }

/**
 * Makes the function that takes every new stream of a listener.
 * @throws ServingError INTERNAL when a method's path is not `/package.Service/Method`
 */
export function createCallAcceptor(
  options: Pick<GrpcListenerOptions, 'methods' | 'onStart' | 'admissionOf'>,
  environment: CallEnvironment,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  const routes = new Map<string, Route>()
  for (const [path, method] of options.methods)
    routes.set(path, toRoute(path, method, options.admissionOf?.(path)))
  const { maxMessageBytes } = environment.limits
  const serve = (call: ServerCall, method: GrpcMethod) => {
    if (method.kind === 'unary') serveUnary(call, method, maxMessageBytes)
    else serveStream(call, method, maxMessageBytes)
  }

  return (stream, headers) => {
    // A reset by the client is an `error` for node; the call learns of it by `close`.
    stream.on('error', ignore)
    // Reset in the same read that brought it, or not gRPC at all.
    if (stream.destroyed || refuseOtherProtocol(stream, headers)) return

    const path = headers[':path'] ?? ''
    const route = routes.get(path) ?? UNKNOWN_ROUTE
    const { service, name, method } = route
    const call = new ServerCall(stream, headers, route, environment)
    options.onStart?.(service, name, method?.kind ?? 'unary')
    try {
      if (method === undefined) throw unknownMethod(path)
      call.admit(method)
      const asked = route.check?.(call)
      if (asked === undefined) serve(call, method)
      else askFirst(call, asked, () => serve(call, method))
    } catch (error) {
      call.fail(error)
    }
  }
}

/** What is not gRPC gets an HTTP status, so that a client of another protocol sees an error. */
function refuseOtherProtocol(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  const isPost = headers[':method'] === 'POST'
  if (isPost && CONTENT_TYPE.test(headers['content-type'] ?? '')) return false
  stream.respond(isPost ? { ':status': 415 } : { ':status': 405, allow: 'POST' }, { endStream: true })
  stream.resume()
  setImmediate(() => stream.close())
  return true
}

function toRoute(path: string, method: GrpcMethod, check: AdmissionCheck | null | undefined): Route {
  const match = /^\/([^/]+)\/([^/]+)$/.exec(path)
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new ServingError(
      'INTERNAL',
      `'${path}' is not a gRPC method's path; it must be /package.Service/Method`,
    )
  }
  return { service: match[1], name: match[2], method, check: check ?? undefined }
}

function unknownMethod(path: string): ServingError {
  return new ServingError('UNIMPLEMENTED', `method '${path.slice(0, 256)}' is not served here`)
}

function ignore(): void {}
