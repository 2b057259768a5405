import type { ApplicationRecord, ServableRecord, StoreTables } from '../../store/index.ts'
import type { Retirement } from '../servables/retire-servables.ts'
import { servableNames } from '../servables/servable-users.ts'
import type { ServingParts } from '../serving-parts.ts'
import { statusOf } from './application-status.ts'

/**
 * Brings applications' status and routes up to date with their servables. When an update has got ready, its routes take
 * the place of the earlier ones in one step, and the servables before it are retired. To be called in turn.
 */
export interface Settlement {
  /** Notes it. Within a transaction, what follows from it waits for the commit. */
  note(tables: StoreTables, application: ApplicationRecord): Promise<SettledApplication>
  /** What follows from it. */
  follow(settled: SettledApplication): void
}

export interface SettledApplication {
  readonly application: ApplicationRecord
  /** Servables that have no part in it any more. */
  readonly replaced: readonly string[]
  /** Whether it was noted, and so is told of by the store. */
  readonly isNoted: boolean
}

export function createSettlement({ routing, events }: ServingParts, retirement: Retirement): Settlement {
  return {
    async note(tables, application) {
      const names = [...servableNames(application)]
      const servables = await tables.servables.list({ fullNames: names })
      const { status, statusMessage } = describe(application, servables)
      const isSwap = status === 'Ready' && application.graph.previous !== undefined
      if (!isSwap && status === application.status && statusMessage === application.statusMessage) {
        return { application, replaced: [], isNoted: false }
      }
      const settled = await tables.applications.setState(application.id, {
        status,
        statusMessage,
        graph: isSwap ? { stages: application.graph.stages } : undefined,
        ifRevision: application.revision,
      })
      const stay = servableNames(settled)
      return { application: settled, replaced: names.filter(name => !stay.has(name)), isNoted: true }
    },
    follow({ application, replaced, isNoted }) {
      routing.setApplication(application)
      retirement.retire(replaced)
      // Its servables have changed, which is news even if it is as it was.
      if (!isNoted) events.publish({ type: 'ApplicationUpdate', application })
    },
  }
}

/** What the servables make of it; while earlier stages still answer, the message says so. */
export function describe({ graph }: ApplicationRecord, servables: readonly ServableRecord[]) {
  const byName = new Map(servables.map(servable => [servable.fullName, servable]))
  const { status, statusMessage } = statusOf(
    graph.stages.flatMap(stage =>
      stage.modelVariants.map(({ servableName }) =>
        servableName === undefined ? undefined : byName.get(servableName),
      ),
    ),
  )
  if (graph.previous === undefined || status === 'Ready') return { status, statusMessage }
  return {
    status,
    statusMessage: `${statusMessage ?? 'waiting for servables'}; until it is ready, the application answers as before the update`,
  }
}
