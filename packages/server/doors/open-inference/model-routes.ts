import { type RouteRequest, type RouteResponse, ServingError } from '@millrace/sdk'
import { routeJson, type ServerLogger } from '../../base/index.ts'
import type { DataPlane, RouteTarget } from '../../dataplane/index.ts'
import type { HttpRequest, HttpResponse, HttpRoute } from '../../transport/index.ts'
import { checkResponseHeader, HttpCall } from './http-call.ts'

interface Served {
  readonly owner: RouteTarget
  readonly route: HttpRoute
}

/**
 * The routes of the loaded models' own, for a listener beside those of the protocol. They follow the models as they are loaded and unloaded: a reload exchanges all routes at once, so that none is
 * missing in between. Of two models with one route the first that was loaded keeps it. What a model declares
 * and cannot have is logged, once.
 * @param onChange that of the model registry
 * @param protocol routes that models cannot have
 * @returns the routes there are now; the same array until a model with routes has come or gone
 */
export function followModelRoutes(
  dataPlane: DataPlane,
  onChange: (listener: () => void) => unknown,
  protocol: readonly HttpRoute[],
  log: ServerLogger,
): () => readonly HttpRoute[] {
  let served: ReadonlyMap<string, Served> = new Map()
  let routes: readonly HttpRoute[] = []
  let refused: ReadonlySet<string> = new Set()

  const refresh = () => {
    const next = new Map<string, Served>()
    const problems = new Set<string>()
    const refuse = ({ modelName, method, path }: RouteTarget, reason: string) => {
      const problem = `route ${method} ${path} of model ${modelName} is not served: ${reason}`
      if (!refused.has(problem)) log.warn(problem, { model: modelName })
      problems.add(problem)
    }
    const targets: RouteTarget[] = []
    for (const target of dataPlane.routes()) {
      const problem = problemOf(target, protocol)
      if (problem === undefined) targets.push(target)
      else refuse(target, problem)
    }
    // Owners come before newcomers, however the models are ordered.
    const isOwner = (target: RouteTarget) =>
      served.get(keyOf(target))?.owner.modelName === target.modelName ? 0 : 1
    for (const target of targets.toSorted((a, b) => isOwner(a) - isOwner(b))) {
      const key = keyOf(target)
      const taken = next.get(key)?.owner
      if (taken !== undefined) {
        refuse(target, `model ${taken.modelName} has ${taken.path} already`)
        continue
      }
      const before = served.get(key)
      next.set(
        key,
        before !== undefined && isSame(before.owner, target) ? before : serve(dataPlane, target, log),
      )
    }
    refused = problems
    const isUnchanged =
      next.size === served.size && Array.from(next).every(([key, entry]) => served.get(key) === entry)
    if (isUnchanged) return
    served = next
    routes = Array.from(next.values(), ({ route }) => route)
  }

  onChange(refresh)
  refresh()
  return () => routes
}

function serve(dataPlane: DataPlane, target: RouteTarget, log: ServerLogger): Served {
  const { modelName, method, path } = target
  return {
    owner: target,
    route: {
      method,
      path,
      async handle(http) {
        // All of it first, as for an inference: the model that answers is the one that is loaded then.
        const request = new RouteCall(http, await http.body())
        const call = new HttpCall(http)
        const response = await dataPlane.callRoute(target, request, call)
        try {
          return toHttpResponse(response, call)
        } catch (error) {
          // The model's defect, which it is not asked about any more: the data plane logs only its own calls.
          if (ServingError.is(error)) log.error(error.message, { model: modelName, method, path })
          throw error
        }
      },
    },
  }
}

/** Two patterns that find the same paths have the same key. */
function keyOf({ method, path }: RouteTarget): string {
  return `${method} ${path.replace(/\/:[^/]+/g, '/:').replace(/(?<=.)\/$/, '')}`
}

function isSame(a: RouteTarget, b: RouteTarget): boolean {
  return a.modelName === b.modelName && a.method === b.method && a.path === b.path
}

const METHODS: ReadonlySet<unknown> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
const MAX_PATH_LENGTH = 1024
/** Literal segments, as a URL has them after decoding, and `:name`; no wildcards and no expressions. */
const PATH = /^\/$|^(?:\/(?:[^\s/:*?#(){}%\\]+|:\w+))+\/?$/

/** Why a model cannot have this route. */
function problemOf({ method, path }: RouteTarget, protocol: readonly HttpRoute[]): string | undefined {
  if (!METHODS.has(method)) return `the method must be one of ${[...METHODS].join(', ')}`
  if (typeof path !== 'string' || path.length > MAX_PATH_LENGTH || !PATH.test(path)) {
    return `the path must be '/' and segments of text or :name, at most ${MAX_PATH_LENGTH} characters`
  }
  const names = path.match(/:\w+/g) ?? []
  if (new Set(names).size < names.length) return 'its path has a name twice'
  const own = protocol.find(route => covers(route.path, path))
  return own === undefined ? undefined : `${own.path} belongs to the inference protocol`
}

/** True if every path that `path` finds is also found by the protocol's `pattern`. */
function covers(pattern: string, path: string): boolean {
  const segments = path.replace(/\/$/, '').split('/')
  const wanted = pattern.split('/')
  return (
    segments.length === wanted.length &&
    wanted.every((segment, index) => segment.startsWith(':') || segment === segments[index])
  )
}

class RouteCall implements RouteRequest {
  readonly #http: HttpRequest
  readonly body: Uint8Array

  constructor(http: HttpRequest, body: Uint8Array) {
    this.#http = http
    this.body = body
  }

  get method(): string {
    return this.#http.method
  }

  get path(): string {
    return this.#http.path
  }

  get params(): RouteRequest['params'] {
    return this.#http.params
  }

  get query(): URLSearchParams {
    return this.#http.query
  }

  get headers(): RouteRequest['headers'] {
    return this.#http.headers
  }

  json(): unknown {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(this.body)) as unknown
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new ServingError('INVALID_ARGUMENT', `the body is not JSON: ${reason}`, { cause })
    }
  }
}

function toHttpResponse(
  { status = 200, headers = {}, json, body }: RouteResponse,
  { responseHeaders }: HttpCall,
): HttpResponse {
  const all: Record<string, string> = { ...responseHeaders }
  const content = json === undefined ? body : routeJson(json)
  if (json !== undefined) all['content-type'] = 'application/json'
  else if (typeof body === 'string') all['content-type'] = 'text/plain; charset=utf-8'
  else if (body !== undefined) all['content-type'] = 'application/octet-stream'
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    checkResponseHeader(key, value)
    all[key] = value
  }
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return { status, headers: all, ...(bytes === undefined ? {} : { body: bytes }) }
}
