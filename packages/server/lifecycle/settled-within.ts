/** Waits until all have settled, for at most `graceMs`; what they settle with is their owners' business. */
export async function settledWithin(graceMs: number, promises: Iterable<Promise<unknown>>): Promise<void> {
  const { promise: expired, resolve: expire } = Promise.withResolvers<void>()
  const timer = setTimeout(expire, graceMs)
  await Promise.race([Promise.allSettled(promises), expired])
  clearTimeout(timer)
}
