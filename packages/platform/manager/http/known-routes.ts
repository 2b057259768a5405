import type { FastifyInstance } from 'fastify'

/** Which methods a path is there for, to tell a wrong method from a wrong path. */
export interface KnownRoutes {
  methodsOf(path: string): readonly string[]
}

/** To be called before routes are added. */
export function listenToRoutes(app: FastifyInstance): KnownRoutes {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() }
    for (const one of typeof method === 'string' ? [method] : method) route.methods.add(one)
    routes.set(url, route)
  })
  return {
    methodsOf: path => [
      ...new Set(
        [...routes.values()]
          .filter(({ pattern }) => pattern.test(path))
          .flatMap(({ methods }) => [...methods]),
      ),
    ],
  }
}

/** `/model/:id/logs` as an expression; a star stands for the rest. */
function patternOf(url: string): RegExp {
  const segments = url.split('/').map(segment => {
    if (segment.startsWith(':')) return '[^/]+'
    return segment === '*' ? '.*' : RegExp.escape(segment)
  })
  return new RegExp(`^${segments.join('/')}$`)
}
