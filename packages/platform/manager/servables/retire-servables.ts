import type { ServingParts } from '../serving-parts.ts'
import { usersOf } from './servable-users.ts'

/** Ends servables that have been replaced, once the requests have gone that were sent to them. */
export interface Retirement {
  /** They stay, and are listed, until the grace is over; then those go that nobody uses. */
  retire(fullNames: readonly string[]): void
}

export function createRetirement({ store, runs, inTurn, graces, signal, log }: ServingParts): Retirement {
  const timers = new Set<NodeJS.Timeout>()
  signal.addEventListener('abort', () => {
    for (const timer of timers) clearTimeout(timer)
  })
  const end = async (fullName: string) => {
    const isGone = await inTurn(() =>
      store.transaction(async tables => {
        const servable = await tables.servables.find(fullName)
        if (servable === undefined) return true
        const { applications, metrics } = await usersOf(tables, servable)
        if (applications.length > 0 || metrics.length > 0) return false
        await tables.servables.delete(fullName)
        return true
      }),
    )
    if (isGone) await runs.stop(fullName, graces.stopMs)
  }
  return {
    retire(fullNames) {
      if (fullNames.length === 0 || signal.aborted) return
      const timer = setTimeout(() => {
        timers.delete(timer)
        for (const fullName of fullNames) {
          // One that stays now goes when the manager starts again.
          end(fullName).catch((error: unknown) => {
            if (!signal.aborted) log.error(`replaced servable ${fullName} could not be removed`, { error })
          })
        }
      }, graces.swapMs)
      timers.add(timer)
    },
  }
}
