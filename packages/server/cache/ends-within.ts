import type { CacheClock } from './cache-clock.ts'

/**
 * Whether something ends in that time; it goes on if not.
 * @throws what it throws in that time
 */
export async function endsWithin(
  promise: Promise<unknown>,
  timeoutMs: number,
  clock: CacheClock,
): Promise<boolean> {
  const { promise: expired, resolve: expire } = Promise.withResolvers<false>()
  const stopTimer = clock.after(timeoutMs, () => expire(false))
  try {
    return await Promise.race([promise.then(() => true), expired])
  } finally {
    stopTimer()
  }
}
