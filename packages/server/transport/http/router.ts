import type { ServingError } from '@millrace/sdk'
import createFinder from 'find-my-way'
import type { HttpRoute } from './http-types.ts'
import { listenerErrors } from './listener-errors.ts'

export interface RouteMatch {
  readonly route: HttpRoute
  readonly params: Readonly<{ [name: string]: string }>
}

export interface Router {
  /**
   * The route for a method and a path without query. A trailing slash does not matter, HEAD finds
   * what GET finds, and an encoded slash stays inside its segment. What cannot be routed comes back as the
   * error to answer with: it happens too often (scanners, probes) to be thrown.
   */
  match(method: string, path: string): RouteMatch | ServingError
}

/** @throws Error when two routes have the same method and pattern. */
export function createRouter(routes: readonly HttpRoute[]): Router {
  // The longest possible parameter is bounded by the header limit already.
  const finder = createFinder({ ignoreTrailingSlash: true, maxParamLength: Number.MAX_SAFE_INTEGER })
  for (const route of routes) finder.on(route.method, route.path, unused, route)

  const find = (method: HttpRoute['method'], path: string): RouteMatch | undefined => {
    const found = finder.find(method, path)
    if (found === null) return undefined
    // What `on` was given, and values of the pattern's own names.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { route: found.store as HttpRoute, params: found.params as RouteMatch['params'] }
  }

  const explainMiss = (method: string, path: string): ServingError => {
    if (!isDecodable(path)) return listenerErrors.malformedPath(path)
    const allowed: string[] = []
    if (path.startsWith('/') && !path.includes('//')) {
      if (find('GET', path) !== undefined) allowed.push('GET', 'HEAD')
      if (find('POST', path) !== undefined) allowed.push('POST')
    }
    return allowed.length === 0
      ? listenerErrors.routeNotFound(method, path)
      : listenerErrors.methodNotAllowed(method, path, allowed.join(', '))
  }

  return {
    match(method, path) {
      const verb = method === 'HEAD' ? 'GET' : method
      // An empty segment would match a parameter with an empty value, which no route means.
      if ((verb === 'GET' || verb === 'POST') && path.startsWith('/') && !path.includes('//')) {
        const found = find(verb, path)
        if (found !== undefined) return found
      }
      return explainMiss(method, path)
    },
  }
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
