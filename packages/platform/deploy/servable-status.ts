import type { ServableState, ServableStatus } from './deploy-driver.ts'

/** The worst first. */
const BY_GRAVITY: readonly ServableState[] = ['NotServing', 'NotAvailable', 'Starting']

/**
 * The state of a servable from those of its replicas. It serves when all do; one that has done so once serves as long as
 * one replica does, and says what is wrong with the others. Else it is what the worst replica is.
 */
export function servableStatus(replicas: readonly ServableStatus[], hasServed: boolean): ServableStatus {
  const worst = BY_GRAVITY.map(state => replicas.find(replica => replica.state === state)).find(
    found => found !== undefined,
  )
  if (worst === undefined) return { state: 'Serving', message: null }
  const serving = replicas.filter(({ state }) => state === 'Serving').length
  const message =
    replicas.length === 1
      ? worst.message
      : `${serving} of ${replicas.length} replicas serve; ${worst.message}`
  return { state: hasServed && serving > 0 ? 'Serving' : worst.state, message }
}
