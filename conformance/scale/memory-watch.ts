import { setTimeout as delay } from 'node:timers/promises'
import { Connections } from './ask.ts'
import type { ScaleServer } from './scale-server.ts'

const PERIOD_MS = 50

/** The most that was seen. */
export interface WatchedMemory {
  readonly count: number
  /** Of the budget, as the server accounts for it. */
  readonly usedBytes: number
  /** Of the process, as the system accounts for it. */
  readonly residentBytes: number
}

/** Looks at a mesh's memory every so often until the signal. */
export async function watchMemory(server: ScaleServer, signal: AbortSignal): Promise<WatchedMemory> {
  const [asked, resident] = await Promise.all([watchUsed(server, signal), watchResident(server, signal)])
  return { ...asked, residentBytes: resident }
}

/** Apart from the other: a busy server takes its time to answer. */
async function watchUsed(
  server: ScaleServer,
  signal: AbortSignal,
): Promise<Pick<WatchedMemory, 'count' | 'usedBytes'>> {
  const connections = new Connections(server.restPort, 1)
  let [count, usedBytes] = [0, 0]
  while (!signal.aborted) {
    const { used_bytes: used } = await connections.json<{ readonly used_bytes: number }>('GET', '/v2/mesh')
    usedBytes = Math.max(usedBytes, used)
    count++
    await delay(PERIOD_MS)
  }
  connections.close()
  return { count, usedBytes }
}

async function watchResident(server: ScaleServer, signal: AbortSignal): Promise<number> {
  let residentBytes = 0
  while (!signal.aborted && server.trouble() === undefined) {
    residentBytes = Math.max(residentBytes, server.residentBytes())
    await delay(PERIOD_MS)
  }
  return residentBytes
}
