import type { FastifyInstance } from 'fastify'

/** The OpenAPI document: as JSON, and as YAML. To be called after all routes. */
export function documentRoutes(app: FastifyInstance): void {
  const hidden = { schema: { hide: true } }
  for (const path of ['/swagger', '/swagger/json', '/api/v2/docs.json'])
    app.get(path, hidden, () => app.swagger())
  app.get('/swagger/yaml', hidden, (_request, reply) =>
    reply.type('application/yaml').send(app.swagger({ yaml: true })),
  )
}
