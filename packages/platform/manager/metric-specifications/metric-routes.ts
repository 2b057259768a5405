import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Store } from '../../store/index.ts'
import { readPathNumber } from '../http/path-number.ts'
import type { MetricRegistry } from './metric-registry.ts'
import { metricViews } from './metric-view.ts'

const KINDS = ['Eq', 'NotEq', 'Greater', 'Less', 'GreaterEq', 'LessEq'] as const

const CreateBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  modelVersionId: Type.Integer({ minimum: 1, description: 'The version that is watched.' }),
  config: Type.Object({
    modelVersionId: Type.Integer({ minimum: 1, description: 'The version that gives the value.' }),
    threshold: Type.Number(),
    thresholdCmpOperator: Type.Object({ kind: Type.Enum([...KINDS]) }),
    deploymentConfigName: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  }),
})
const tags = ['monitoring']

export function metricRoutes(app: FastifyInstance, store: Store, metrics: MetricRegistry): void {
  const path = '/api/v2/monitoring/metricspec'
  interface Identified {
    Params: { id: string }
  }
  const views = async (list: Parameters<typeof metricViews>[1]) => metricViews(store, list)
  app.get(path, { schema: { tags, summary: 'All metric specifications' } }, async () =>
    views(await metrics.list()),
  )
  app.get<Identified>(
    `${path}/modelversion/:id`,
    { schema: { tags, summary: 'The metric specifications that watch a version' } },
    async ({ params }) => views(await metrics.list({ versionId: readPathNumber(params.id, 'version id') })),
  )
  app.get<Identified>(
    `${path}/:id`,
    { schema: { tags, summary: 'One metric specification' } },
    async ({ params }) => {
      const [view] = await views([await metrics.get(params.id)])
      return view
    },
  )
  app.post<{ Body: Static<typeof CreateBody> }>(
    path,
    { schema: { tags, summary: 'Watch a version by another, which is deployed', body: CreateBody } },
    async ({ body }) => {
      const { name, modelVersionId, config } = body
      const made = await metrics.create({
        name,
        versionId: modelVersionId,
        metricVersionId: config.modelVersionId,
        threshold: config.threshold,
        operator: config.thresholdCmpOperator.kind,
        deploymentConfiguration: config.deploymentConfigName ?? undefined,
      })
      const [view] = await views([made])
      return view
    },
  )
  app.delete<Identified>(
    `${path}/:id`,
    { schema: { tags, summary: 'Remove a metric specification and its servable' } },
    async ({ params }) => {
      const [before] = await views([await metrics.get(params.id)])
      await metrics.remove(params.id)
      return before
    },
  )
}
