import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { streamEvents } from '../http/server-sent-events.ts'
import type { ManagerParts } from '../manager-parts.ts'
import type { ServableRegistry } from './servable-registry.ts'
import { servableView } from './servable-view.ts'

const DeployBody = Type.Object({
  modelName: Type.String(),
  version: Type.Integer({ minimum: 1 }),
  metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
  deploymentConfigName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})
const LogsQuery = Type.Object({
  follow: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
})

const HEARTBEAT_MS = 4_000
const tags = ['servables']

export function servableRoutes(
  app: FastifyInstance,
  { log, signal }: Pick<ManagerParts, 'log' | 'signal'>,
  servables: ServableRegistry,
): void {
  const path = '/api/v2/servable'
  interface Named {
    Params: { fullName: string }
  }
  app.get(path, { schema: { tags, summary: 'All servables' } }, async () =>
    (await servables.list()).map(servableView),
  )
  app.get<Named>(`${path}/:fullName`, { schema: { tags, summary: 'One servable' } }, async ({ params }) =>
    servableView(await servables.get(params.fullName)),
  )
  app.post<{ Body: Static<typeof DeployBody> }>(
    path,
    { schema: { tags, summary: 'Deploy a model version', body: DeployBody } },
    async ({ body }) => {
      const { modelName, version, metadata, deploymentConfigName } = body
      const servable = await servables.deploy({
        version: { modelName, version },
        metadata: metadata ?? undefined,
        deploymentConfiguration: deploymentConfigName,
      })
      return servableView(servable)
    },
  )
  app.delete<Named>(
    `${path}/:fullName`,
    { schema: { tags, summary: 'Stop a servable' } },
    async ({ params }) => servableView(await servables.remove(params.fullName)),
  )
  app.get<Named & { Querystring: Static<typeof LogsQuery> }>(
    `${path}/:fullName/logs`,
    { schema: { tags, summary: 'The log of a servable, as events', querystring: LogsQuery } },
    async ({ params, query }, reply) => {
      const { fullName } = params
      const follow = query.follow === 'true'
      const left = new AbortController()
      const lines = await servables.logs(fullName, { follow, signal: left.signal })
      await streamEvents(reply, { heartbeatMs: HEARTBEAT_MS, signal, log }, async stream => {
        const leave = () => left.abort(stream.signal.reason)
        stream.signal.addEventListener('abort', leave, { once: true })
        for await (const data of lines) {
          await stream.send({ data })
          if (stream.signal.aborted) return
        }
      })
    },
  )
}
