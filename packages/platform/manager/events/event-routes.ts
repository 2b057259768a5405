import type { FastifyInstance } from 'fastify'
import type { Store } from '../../store/index.ts'
import { applicationView } from '../applications/application-view.ts'
import { configurationView } from '../deployment-configurations/configuration-settings.ts'
import { streamEvents } from '../http/server-sent-events.ts'
import type { ManagerParts } from '../manager-parts.ts'
import { metricViews } from '../metric-specifications/metric-view.ts'
import { toVersionJson } from '../models/version-json.ts'
import { servableView } from '../servables/servable-view.ts'
import type { ManagerEvent } from './manager-event.ts'

/** Clients are promised one at least every 5 s. */
const HEARTBEAT_MS = 4_000

/** `GET /api/v2/events`: what changes from now on, and nothing of what was. */
export function eventRoutes(
  app: FastifyInstance,
  { store, events, signal, log }: Pick<ManagerParts, 'store' | 'events' | 'signal' | 'log'>,
): void {
  app.get(
    '/api/v2/events',
    { schema: { tags: ['events'], summary: 'What changes, as a stream of events' } },
    async (_request, reply) =>
      streamEvents(reply, { heartbeatMs: HEARTBEAT_MS, signal, log }, async stream => {
        for await (const event of events.follow(stream.signal)) {
          await stream.send({ event: event.type, data: await eventData(event, store) })
        }
      }),
  )
}

async function eventData(event: ManagerEvent, store: Store): Promise<string> {
  switch (event.type) {
    case 'ModelUpdate':
      return JSON.stringify(toVersionJson(event.version))
    case 'ModelRemove':
      return String(event.versionId)
    case 'ApplicationUpdate':
      return JSON.stringify(applicationView(event.application))
    case 'ServableUpdate':
      return JSON.stringify(servableView(event.servable))
    case 'MetricSpecUpdate': {
      const [view] = await metricViews(store, [event.specification])
      return JSON.stringify(view)
    }
    case 'DeploymentConfigurationUpdate':
      return JSON.stringify(configurationView(event.configuration))
    case 'ServableRemove':
      return event.fullName
    case 'MetricSpecRemove':
      return event.id
    default:
      return event.name
  }
}
