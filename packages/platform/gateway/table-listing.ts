import type { Routing } from './routing.ts'

/** What the gateway knows of applications, as JSON shows it. */
export function listApplications({ applications }: Routing): readonly object[] {
  return Array.from(applications.values(), ({ target: { application } }) => {
    const { id, name, signature, stages } = application
    const modelVariants = stages.map(({ variants }) => ({
      modelVariants: variants.map(({ servable, weight }) => ({ servable: servable.name, weight })),
    }))
    return { id, name, signature, executionGraph: { stages: modelVariants } }
  })
}

/** What the gateway knows of servables, as JSON shows it. */
export function listServables({ servables }: Routing): readonly object[] {
  return Array.from(servables.values(), ({ target: { servable, pool } }) => {
    const { name, modelName, modelVersion, modelVersionId, signature } = servable
    return { name, modelName, modelVersion, modelVersionId, signature, endpointCount: pool.endpointCount }
  })
}
