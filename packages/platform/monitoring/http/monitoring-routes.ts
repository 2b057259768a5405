import type { Logger } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import type { Store } from '../../store/index.ts'
import { createDriftReports } from '../drift/drift-report.ts'
import type { KnownVersions } from '../known-versions.ts'
import { type ProfileRouteParts, profileRoutes } from '../training/profile-routes.ts'
import { checkRoutes } from './check-routes.ts'
import { shownError, statusOf } from './monitoring-answer.ts'
import { statRoutes } from './stat-routes.ts'

export interface RouteParts extends ProfileRouteParts {
  readonly store: Store
  readonly versions: KnownVersions
  readonly log: Logger
  readonly buildInfo: { readonly version: string }
}

/** `/monitoring/…` and `/stat/…`, each with errors of its own form. */
export function monitoringRoutes(app: FastifyInstance, parts: RouteParts): void {
  const { store, versions, profiles, training, log, buildInfo } = parts
  app.setErrorHandler((thrown, request, reply) => {
    const error = shownError(thrown)
    if (error.code === 'INTERNAL' || error.code === 'UNKNOWN') {
      log.error(error.message, { error: error.cause ?? error })
    }
    if (error.retryAfterMs !== undefined) {
      void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1_000))
    }
    const body = request.url.startsWith('/stat/') ? { message: error.message } : { errors: [error.message] }
    return reply.code(statusOf(error)).send(body)
  })
  app.get(
    '/monitoring/buildinfo',
    { schema: { tags: ['monitoring'], summary: 'What monitors here' } },
    () => ({ name: 'millrace-monitoring', version: buildInfo.version, status: 'Ok' }),
  )
  app.get(
    '/monitoring/health',
    { schema: { tags: ['monitoring'], summary: 'Whether monitoring answers' } },
    () => ({ status: 'Ok' }),
  )
  checkRoutes(app, store, versions)
  profileRoutes(app, { profiles, training })
  statRoutes(app, { drift: createDriftReports(store), versions, buildInfo })
}
