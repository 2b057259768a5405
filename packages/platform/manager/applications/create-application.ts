import { ServingError } from '@millrace/sdk'
import type { ApplicationRecord } from '../../store/index.ts'
import type { ServingParts } from '../serving-parts.ts'
import { type ApplicationRequest, checkRequest } from './application-request.ts'
import { planApplication } from './plan-application.ts'
import { staffStages } from './staff-stages.ts'

/** Notes an application with its servables, all of it or nothing, and has them started. To be called in turn. */
export async function createApplication(
  { store, runs, pickName, log }: ServingParts,
  request: ApplicationRequest,
): Promise<ApplicationRecord> {
  checkRequest(request)
  const { name, namespace, metadata, kafkaStreaming } = request
  const { application, orders } = await store.transaction(async tables => {
    if ((await tables.applications.find(name)) !== undefined) throw nameTaken(name)
    const plan = await planApplication(tables, request)
    const { signature, stages } = plan
    const definition = { name, namespace, metadata, kafkaStreaming, signature, graph: { stages } }
    const { id } = await tables.applications.create(definition)
    const staffed = await staffStages(tables, pickName, plan, { id, name })
    const application = await tables.applications.setState(id, {
      status: 'Assembling',
      graph: { stages: staffed.stages },
    })
    return { application, orders: staffed.orders }
  })
  warnOfStreaming(log, application)
  for (const order of orders) runs.start(order)
  return application
}

export function nameTaken(name: string): ServingError {
  return new ServingError('ALREADY_EXISTS', `Application with name ${name} already exists`)
}

/** It is kept, shown, and not acted upon. */
export function warnOfStreaming(
  log: ServingParts['log'],
  { name, kafkaStreaming }: Pick<ApplicationRecord, 'name' | 'kafkaStreaming'>,
): void {
  if (kafkaStreaming.length === 0) return
  log.warn(`application ${name} names Kafka topics, which are kept and not read`, { kafkaStreaming })
}
