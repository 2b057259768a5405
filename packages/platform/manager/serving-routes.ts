import type { FastifyInstance } from 'fastify'
import { applicationRoutes } from './applications/application-routes.ts'
import { configurationRoutes } from './deployment-configurations/configuration-routes.ts'
import { eventRoutes } from './events/event-routes.ts'
import { hostSelectorRoutes } from './host-selectors/host-selector-routes.ts'
import type { ManagerParts } from './manager-parts.ts'
import { metricRoutes } from './metric-specifications/metric-routes.ts'
import { servableRoutes } from './servables/servable-routes.ts'
import type { Serving } from './serving.ts'

/** The routes of what runs, and of what changes. */
export function servingRoutes(app: FastifyInstance, parts: ManagerParts, serving: Serving): void {
  servableRoutes(app, parts, serving.servables)
  applicationRoutes(app, serving.applications)
  metricRoutes(app, parts.store, serving.metrics)
  configurationRoutes(app, parts.store)
  hostSelectorRoutes(app)
  eventRoutes(app, parts)
}
