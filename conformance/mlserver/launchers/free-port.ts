import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the range from which systems give out ports themselves, so that nobody gets one in between. */
const RANGE = { first: 20_000, count: 12_000 }

let next = Math.floor(Math.random() * RANGE.count)

/** A port of this machine that nobody listens on; this process never gives out one twice in a row. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < RANGE.count; tries++) {
    const port = RANGE.first + (next++ % RANGE.count)
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${RANGE.first} to ${RANGE.first + RANGE.count - 1} is free`)
}

async function isFree(port: number): Promise<boolean> {
  const listener = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  listener.once('error', () => resolve(false))
  listener.listen(port, '127.0.0.1', () => resolve(true))
  const isFound = await promise
  if (!isFound) return false
  listener.close()
  await once(listener, 'close')
  return true
}
