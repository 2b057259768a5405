import { setTimeout } from 'node:timers/promises'

/**
 * Waits until `look` gives something other than `undefined` or false. Processes of two languages share no other signal.
 * @throws Error after `limitMs`, naming what was waited for
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > endMs) throw new Error(`waited ${limitMs} ms in vain for ${what}`)
    await setTimeout(20)
  }
}
