import type { ServingError } from '@millrace/sdk'
import type { CacheEntry } from './cache-entry.ts'
import type { EvictionOrder } from './eviction-order.ts'
import type { MemorySpace } from './memory-space.ts'
import type { Refusals } from './refusals.ts'
import type { WarmCopies } from './warm-copies.ts'

interface Circumstances {
  readonly space: MemorySpace
  readonly copies: Pick<WarmCopies, 'extraBytes' | 'spare'>
  readonly order: EvictionOrder
  readonly nowMs: number
  /** None goes that was used less than so long ago. */
  readonly leastAgeMs: number
  /** Whether other models are being loaded now, which can go when that has ended. */
  readonly isLoading: boolean
  readonly refusals: Refusals
}

/**
 * Whom a model displaces. What is loaded ahead of its use displaces nothing that was used since, or is worth more; what a
 * request waits for displaces whatever is first to go. Copies that are not needed go before any model.
 */
export function chooseVictims(
  entry: CacheEntry,
  { space, copies, order, nowMs, leastAgeMs, isLoading, refusals }: Circumstances,
): { readonly victims: readonly CacheEntry[] } | { readonly refusal: ServingError } {
  const { id, bytes, lastUsedMs, priority } = entry
  if (bytes > space.usable) return { refusal: refusals.tooLarge(id, bytes, space.usable, false) }
  copies.spare(space.missing(bytes), 'idle')
  const isPreload = entry.requestCount === 0
  const victims: CacheEntry[] = []
  // They are taken out to see who is next.
  const refuse = (refusal: ServingError) => {
    for (const victim of victims) order.add(victim)
    return { refusal }
  }
  for (let missing = space.missing(bytes); missing > 0; ) {
    const victim = order.first
    if (victim === undefined) {
      if (isLoading) return wait(victims, order)
      if (copies.extraBytes < missing) return refuse(refusals.allPinned(id, bytes))
      // Of what cannot go, a copy can all the same.
      copies.spare(missing, 'any')
      break
    }
    if (isPreload && (victim.lastUsedMs > lastUsedMs || victim.priority > priority))
      return refuse(refusals.tooOld(id, bytes))
    // Uses within one millisecond are told apart by fractions.
    const ageMs = Math.max(nowMs - Math.floor(victim.lastUsedMs), 0)
    if (ageMs < leastAgeMs) return refuse(refusals.churning(id, ageMs, leastAgeMs))
    order.remove(victim)
    victims.push(victim)
    missing -= victim.bytes
  }
  return { victims }
}

/** Nothing goes before it is known that it is enough. */
function wait(victims: readonly CacheEntry[], order: EvictionOrder) {
  for (const victim of victims) order.add(victim)
  return { victims: [] }
}
