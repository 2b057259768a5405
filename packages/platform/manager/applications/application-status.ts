import type { ApplicationStatus, ServableRecord } from '../../store/index.ts'

interface ComputedStatus {
  readonly status: ApplicationStatus
  readonly statusMessage: string | undefined
}

/**
 * What an application's servables make of it: `Failed` if one does not serve, `Assembling` while one is starting, and
 * `Ready` if all serve, whatever their order. `undefined` stands for one that is not there.
 */
export function statusOf(servables: readonly (ServableRecord | undefined)[]): ComputedStatus {
  let status: ApplicationStatus = 'Ready'
  const messages: string[] = []
  for (const servable of servables) {
    if (servable?.status === 'Serving') continue
    if (servable?.status === 'NotServing' || servable?.status === 'NotAvailable') status = 'Failed'
    else if (status === 'Ready') status = 'Assembling'
    if (servable !== undefined) {
      messages.push(`${servable.fullName}: ${servable.statusMessage ?? servable.status}`)
    }
  }
  return { status, statusMessage: messages.length === 0 ? undefined : messages.join('; ') }
}
