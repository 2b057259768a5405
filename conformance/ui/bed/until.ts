const LOOK_AGAIN_MS = 100

/** Looks again and again until it suits: for what nobody tells. The runner's timeout is the end of it. */
export async function until<T>(look: () => T | Promise<T>, suits: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look()
    if (suits(seen)) return seen
    await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
