import type { FastifyInstance } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import type { ApplicationRegistry } from './application-registry.ts'
import type { ApplicationRequest } from './application-request.ts'
import { applicationView } from './application-view.ts'
import { exampleInputs } from './example-inputs.ts'

const absent = <T extends TSchema>(type: T) => Type.Optional(Type.Union([type, Type.Null()]))

const Variant = Type.Object({
  modelVersionId: Type.Integer({ minimum: 1 }),
  weight: Type.Optional(Type.Integer({ description: 'Percent; default 100. 0 makes a shadow.' })),
  deploymentConfigName: absent(Type.String()),
  // What the answers call it, for clients that send one back.
  deploymentConfigurationName: absent(Type.String()),
})
const Streaming = Type.Object({
  sourceTopic: Type.String(),
  destinationTopic: Type.String(),
  consumerId: absent(Type.String()),
  errorTopic: absent(Type.String()),
})
const CreateBody = Type.Object({
  name: Type.String(),
  namespace: absent(Type.String()),
  metadata: absent(Type.Record(Type.String(), Type.String())),
  kafkaStreaming: absent(Type.Array(Streaming, { maxItems: 100 })),
  executionGraph: Type.Object({
    stages: Type.Array(Type.Object({ modelVariants: Type.Array(Variant) })),
  }),
})
const UpdateBody = Type.Object({ id: Type.Integer({ minimum: 1 }), ...CreateBody.properties })

const WEIGHT = 100
const tags = ['applications']

export function applicationRoutes(app: FastifyInstance, applications: ApplicationRegistry): void {
  const path = '/api/v2/application'
  interface Named {
    Params: { name: string }
  }
  app.get(path, { schema: { tags, summary: 'All applications' } }, async () =>
    (await applications.list()).map(applicationView),
  )
  app.get<Named>(`${path}/:name`, { schema: { tags, summary: 'One application' } }, async ({ params }) =>
    applicationView(await applications.get(params.name)),
  )
  app.post<{ Body: Static<typeof CreateBody> }>(
    path,
    { schema: { tags, summary: 'Create an application', body: CreateBody } },
    async ({ body }) => applicationView(await applications.create(toRequest(body))),
  )
  app.put<{ Body: Static<typeof UpdateBody> }>(
    path,
    {
      schema: {
        tags,
        summary: 'Replace an application; what serves goes on until the new one is ready',
        body: UpdateBody,
      },
    },
    async ({ body }) => applicationView(await applications.update(body.id, toRequest(body))),
  )
  app.delete<Named>(
    `${path}/:name`,
    { schema: { tags, summary: 'Remove an application' } },
    async ({ params }) => applicationView(await applications.remove(params.name)),
  )
  app.get<Named>(
    `${path}/generateInputs/:name`,
    { schema: { tags, summary: 'A request that the application takes' } },
    async ({ params }) => exampleInputs((await applications.get(params.name)).signature),
  )
}

function toRequest({
  name,
  namespace,
  metadata,
  kafkaStreaming,
  executionGraph,
}: Static<typeof CreateBody>): ApplicationRequest {
  return {
    name,
    namespace: namespace ?? undefined,
    metadata: metadata ?? undefined,
    kafkaStreaming: (kafkaStreaming ?? []).map(
      ({ sourceTopic, destinationTopic, consumerId, errorTopic }) => ({
        sourceTopic,
        destinationTopic,
        ...(typeof consumerId === 'string' ? { consumerId } : {}),
        ...(typeof errorTopic === 'string' ? { errorTopic } : {}),
      }),
    ),
    stages: executionGraph.stages.map(({ modelVariants }) =>
      modelVariants.map(variant => ({
        modelVersionId: variant.modelVersionId,
        weight: variant.weight ?? WEIGHT,
        deploymentConfiguration:
          variant.deploymentConfigName ?? variant.deploymentConfigurationName ?? undefined,
      })),
    ),
  }
}
