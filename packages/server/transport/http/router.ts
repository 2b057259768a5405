import type { ServingError } from '@millrace/sdk'
import createFinder from 'find-my-way'
import type { HttpRoute } from './http-types.ts'
import { listenerErrors } from './listener-errors.ts'

export interface RouteMatch {
  readonly route: HttpRoute
  readonly params: Readonly<{ [name: string]: string }>
  /** One of the routes that come and go. */
  readonly isChanging?: true
}

export interface Router {
  /**
   * The route for a method and a path without query. A trailing slash does not matter, HEAD finds
   * what GET finds, and an encoded slash stays inside its segment. What cannot be routed comes back as the
   * error to answer with: it happens too often (scanners, probes) to be thrown.
   */
  match(method: string, path: string): RouteMatch | ServingError
}

/**
 * @param changing the routes beside these that there are now, see `HttpListenerOptions.changingRoutes`
 * @throws Error when two routes have the same method and pattern.
 */
export function createRouter(routes: readonly HttpRoute[], changing?: () => readonly HttpRoute[]): Router {
  const fixed = new RouteTable(routes)
  let current = NO_ROUTES
  const changed = (): RouteTable => {
    const now = changing?.() ?? current.routes
    if (now !== current.routes) current = new RouteTable(now)
    return current
  }

  const explainMiss = (method: string, path: string): ServingError => {
    if (!isDecodable(path)) return listenerErrors.malformedPath(path)
    const ofFixed = fixed.methodsOf(path)
    const methods = ofFixed.length > 0 ? ofFixed : changed().methodsOf(path)
    const allowed = methods.flatMap(verb => (verb === 'GET' ? ['GET', 'HEAD'] : verb))
    return allowed.length === 0
      ? listenerErrors.routeNotFound(method, path)
      : listenerErrors.methodNotAllowed(method, path, allowed.join(', '))
  }

  return {
    match(method, path) {
      const verb = method === 'HEAD' ? 'GET' : method
      if (!isMethod(verb)) return explainMiss(method, path)
      const found = fixed.find(verb, path)
      if (found !== undefined) return found
      if (changing !== undefined && fixed.methodsOf(path).length === 0) {
        const late = changed().find(verb, path)
        if (late !== undefined) return { ...late, isChanging: true }
      }
      return explainMiss(method, path)
    },
  }
}

type Method = HttpRoute['method']

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

class RouteTable {
  readonly routes: readonly HttpRoute[]
  readonly #finder
  readonly #methods: readonly Method[]

  constructor(routes: readonly HttpRoute[]) {
    this.routes = routes
    // The longest possible parameter is bounded by the header limit already.
    this.#finder = createFinder({ ignoreTrailingSlash: true, maxParamLength: Number.MAX_SAFE_INTEGER })
    for (const route of routes) this.#finder.on(route.method, route.path, unused, route)
    this.#methods = METHODS.filter(method => routes.some(route => route.method === method))
  }

  find(method: Method, path: string): RouteMatch | undefined {
    // An empty segment would match a parameter with an empty value, which no route means.
    if (!path.startsWith('/') || path.includes('//')) return undefined
    const found = this.#finder.find(method, path)
    if (found === null) return undefined
    // What `on` was given, and values of the pattern's own names.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { route: found.store as HttpRoute, params: found.params as RouteMatch['params'] }
  }

  methodsOf(path: string): readonly Method[] {
    return this.#methods.filter(method => this.find(method, path) !== undefined)
  }
}

const NO_ROUTES = new RouteTable([])

function isMethod(method: string): method is Method {
  return (METHODS as readonly string[]).includes(method)
}

/** find-my-way wants a function to each route; here the route itself is what a search returns. */
function unused(): void {}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
