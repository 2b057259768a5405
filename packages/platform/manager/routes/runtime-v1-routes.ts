import { ServingError } from '@millrace/sdk'
import { type Static, Type } from 'typebox'
import { readPathNumber } from '../http/path-number.ts'
import type { AddRoutes } from '../manager-parts.ts'
import { toPullJson, toRuntimeJson } from '../runtimes/runtime-json.ts'

const tags = ['version 1']
const Text = (lengthMax: number) => Type.String({ minLength: 1, maxLength: lengthMax })

/** All five are required, as they were. */
const NewRuntimeBody = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 500, pattern: '^[^\\s:]+(:\\d+/[^\\s:]+)?$' }),
  version: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\s]+$' }),
  modelTypes: Type.Array(Text(200), { maxItems: 100 }),
  tags: Type.Array(Text(200), { maxItems: 100 }),
  configParams: Type.Record(Type.String({ maxLength: 200 }), Type.String({ maxLength: 65_536 }), {
    maxProperties: 1_000,
  }),
})

/** Registration of runtimes by version 1 of the interface; version 2 has none. */
export const runtimeV1Routes: AddRoutes = (app, { store, registrations }) => {
  app.get(
    '/api/v1/runtime',
    { schema: { tags, summary: 'Runtimes that were registered and are there' } },
    async () => (await store.runtimes.list({ status: 'Finished' })).map(toRuntimeJson),
  )

  app.post<{ Body: Static<typeof NewRuntimeBody> }>(
    '/api/v1/runtime',
    {
      schema: {
        tags,
        summary: 'Registers a runtime by the name and tag of its image',
        description:
          'With configParams.MILLRACE_COMMAND, and if need be MILLRACE_WORKDIR and MILLRACE_GENERATION, it is a program of this machine.',
        body: NewRuntimeBody,
      },
    },
    async ({ body: { name, version, modelTypes, tags, configParams } }) =>
      toPullJson(await registrations.register({ name, version, modelTypes, tags, configParams })),
  )

  app.get<{ Params: { id: string } }>(
    '/api/v1/runtime/status/:id',
    { schema: { tags, summary: 'How far a registration is' } },
    async ({ params }) => {
      const id = readPathNumber(params.id, 'runtime id')
      const runtime = await store.runtimes.get(id)
      if (runtime === undefined) throw new ServingError('NOT_FOUND', `Can't find runtime id ${id}`)
      return toPullJson(runtime)
    },
  )

  app.get<{ Params: { type: string } }>(
    '/api/v1/runtime/modelType/:type',
    { schema: { tags, summary: 'Runtimes for a type of model' } },
    async ({ params: { type } }) =>
      (await store.runtimes.list({ status: 'Finished' }))
        .filter(({ modelTypes }) => modelTypes.includes(type))
        .map(toRuntimeJson),
  )
}
