import { ServingError } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import type { ModelVersionRecord } from '../../store/index.ts'
import type { DriftReports } from '../drift/drift-report.ts'
import type { KnownVersions } from '../known-versions.ts'
import { readVersionId } from './read-number.ts'

interface StatParts {
  readonly drift: DriftReports
  readonly versions: KnownVersions
  readonly buildInfo: { readonly version: string }
}

interface OfVersion {
  readonly Querystring: { readonly model_version_id?: string }
}

const tags = ['monitoring']

/** Whether and how the data of a model version differs from what it was trained with. */
export function statRoutes(app: FastifyInstance, { drift, versions, buildInfo }: StatParts): void {
  const found = async (text: string | undefined): Promise<ModelVersionRecord> => {
    if (text === undefined) throw new ServingError('INVALID_ARGUMENT', "'model_version_id' is missing")
    const id = readVersionId(text)
    const version = await versions.get(id)
    if (version !== undefined) return version
    throw new ServingError('NOT_FOUND', `Can't find a model version with id ${id}`)
  }
  app.get('/stat/buildinfo', { schema: { hide: true } }, () => ({
    name: 'millrace-stat',
    version: buildInfo.version,
    status: 'Ok',
  }))
  app.get<OfVersion>(
    '/stat/support',
    { schema: { tags, summary: 'Whether there is a drift report of a version' } },
    async ({ query }) => drift.support(await found(query.model_version_id)),
  )
  app.get<OfVersion>(
    '/stat/metrics',
    { schema: { tags, summary: 'The drift report of a version' } },
    async ({ query }) => drift.report(await found(query.model_version_id)),
  )
}
