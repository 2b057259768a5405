/**
 * Loaded into the server's process before the server itself (`--import`): measures its memory when the parent asks.
 * The product knows nothing of it, and nothing here runs in between.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MemoryReport } from './memory-report.ts'

process.on('message', () => void answer())
// A channel that somebody listens to would keep the server from ending.
process.channel?.unref()

async function answer(): Promise<void> {
  // The second time takes what the first one's finalizers have let go of.
  for (let time = 0; time < 2; time++) {
    globalThis.gc?.()
    await nextTurn()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  const report: MemoryReport = { rssBytes: rss, liveBytes: heapUsed + external, resources }
  process.send?.(report)
}
