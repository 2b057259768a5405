import { ServingError } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'

const CreateBody = Type.Object({
  name: Type.String({ maxLength: 1_000 }),
  nodeSelector: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
})
const tags = ['host selectors']

/** Deployment configurations have taken the place of host selectors: clients that still ask get answers, and nothing is kept. */
export function hostSelectorRoutes(app: FastifyInstance): void {
  const path = '/api/v2/hostSelector'
  const schema = { tags, summary: 'Answers older clients; use deployment configurations', deprecated: true }
  app.get(path, { schema }, () => [])
  app.get<{ Params: { name: string } }>(`${path}/:name`, { schema }, request => {
    throw new ServingError('NOT_FOUND', `Can't find HostSelector ${request.params.name}`)
  })
  app.post<{ Body: Static<typeof CreateBody> }>(
    path,
    { schema: { ...schema, body: CreateBody } },
    request => ({
      id: 1,
      name: request.body.name,
      nodeSelector: request.body.nodeSelector ?? {},
    }),
  )
  app.delete(`${path}/:name`, { schema }, () => 'ok')
}
