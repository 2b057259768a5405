import type { AddRoutes } from '../manager-parts.ts'
import { createExternalVersion } from '../models/create-version.ts'
import { readJsonObject } from '../models/version-fields.ts'
import { toVersionJson } from '../models/version-json.ts'

/** Versions of models that run elsewhere, and are only watched. */
export const externalModelRoutes: AddRoutes = (app, { store }) => {
  app.post(
    '/api/v2/externalmodel',
    {
      schema: {
        tags: ['models'],
        summary: 'Adds a version of a model that runs elsewhere',
        description: 'JSON: name, signature, metadata, monitoringConfiguration {batchSize}.',
      },
    },
    async ({ body }) => toVersionJson(await createExternalVersion(store, readJsonObject(body, 'the body'))),
  )
}
