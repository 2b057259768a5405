import type { RequestContext } from './context.ts'

/** A request to a route of the model's own. */
export interface RouteRequest {
  readonly method: string
  /** The path as it came, without the query. */
  readonly path: string
  /** Values of the `:name` segments of the route's path. */
  readonly params: Readonly<{ [name: string]: string }>
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<{ [name: string]: string }>
  /** The whole body, decompressed; empty if there is none. */
  readonly body: Uint8Array
  /** @throws ServingError INVALID_ARGUMENT if the body is not JSON */
  json(): unknown
}

/** What a route answers: `json` for any value, or `body` with a `content-type` among the headers. */
export interface RouteResponse {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<{ [name: string]: string }>
  readonly json?: unknown
  readonly body?: string | Uint8Array
}

/**
 * An HTTP route of a model's own beside the inference protocol: there while the model is loaded, at
 * that absolute path (MLServer's `custom_handler`). Routes of the protocol win over it.
 *
 *     override routes = [
 *       { method: 'POST', path: '/tokens', handle: request => ({ json: count(request.json()) }) },
 *     ] satisfies ModelRoute[]
 */
export interface ModelRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Pattern with `:name` segments, e.g. `/explain/:method`. */
  readonly path: string
  handle(request: RouteRequest, context: RequestContext): RouteResponse | Promise<RouteResponse>
}
