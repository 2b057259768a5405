import { ServingError } from '@millrace/sdk'
import type { ApplicationRecord, PreviousGraph } from '../../store/index.ts'
import { servableNames } from '../servables/servable-users.ts'
import type { ServingParts } from '../serving-parts.ts'
import { type ApplicationRequest, checkRequest } from './application-request.ts'
import { nameTaken, warnOfStreaming } from './create-application.ts'
import { planApplication } from './plan-application.ts'
import type { Settlement } from './settle-application.ts'
import { staffStages } from './staff-stages.ts'

/**
 * Replaces an application in place. The stages that answer so far are kept in its graph, so that they still do after a
 * restart, and go when the new ones are ready. To be called in turn.
 */
export async function updateApplication(
  { store, runs, routing, pickName, graces, log }: ServingParts,
  settlement: Settlement,
  id: number,
  request: ApplicationRequest,
): Promise<ApplicationRecord> {
  checkRequest(request)
  const { name, namespace, metadata, kafkaStreaming } = request
  const { settled, orders, dropped } = await store.transaction(async tables => {
    const before = await tables.applications.get(id)
    if (before === undefined) throw new ServingError('NOT_FOUND', `Can't find application id ${id}`)
    const namesake = await tables.applications.find(name)
    if (namesake !== undefined && namesake.id !== id) throw nameTaken(name)
    const plan = await planApplication(tables, request)
    const namesBefore = [...servableNames(before)]
    const servables = await tables.servables.list({ fullNames: namesBefore })
    const reusable = servables.filter(({ status }) => status === 'Serving' || status === 'Starting')
    const { stages, orders } = await staffStages(tables, pickName, plan, { id, name }, reusable)
    const previous = answering(before, routing.isRouted(id))
    const application = await tables.applications.replace(id, {
      name,
      namespace,
      metadata,
      kafkaStreaming,
      signature: plan.signature,
      graph: { stages, ...(previous === undefined ? {} : { previous }) },
    })
    const stay = servableNames(application)
    const dropped = servables.map(({ fullName }) => fullName).filter(fullName => !stay.has(fullName))
    for (const fullName of dropped) await tables.servables.delete(fullName)
    // Where all of it serves already, as when only weights have changed, the update is over.
    return { settled: await settlement.note(tables, application), orders, dropped }
  })
  warnOfStreaming(log, settled.application)
  for (const order of orders) runs.start(order)
  settlement.follow(settled)
  for (const fullName of dropped) void runs.stop(fullName, graces.stopMs)
  return settled.application
}

/** What answers requests now, if anything does. */
function answering(
  { status, signature, graph }: ApplicationRecord,
  isRouted: boolean,
): PreviousGraph | undefined {
  if (status === 'Ready' || isRouted) return { stages: graph.stages, signature }
  return graph.previous
}
