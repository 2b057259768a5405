/** The promise, or the reason of the signal if that comes first; what then still runs is told by the same signal. */
export async function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Waits for the promise, but no longer than this. */
export async function within(limitMs: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const givingUp = new Promise<void>(resolve => {
    timer = setTimeout(resolve, limitMs)
  })
  try {
    await Promise.race([promise, givingUp])
  } finally {
    clearTimeout(timer)
  }
}
