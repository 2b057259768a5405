import { setTimeout as delay } from 'node:timers/promises'
import type { MemoryReport } from './memory-report.ts'
import type { ServerProcess } from './server-process.ts'

const SETTLE_TIMEOUT_MS = 20_000
const POLL_MS = 50

/** Measures when the server has let go of every connection: all clients have gone by then. */
export async function settledMemory(
  server: ServerProcess,
): Promise<{ readonly report: MemoryReport; readonly complaint: string | undefined }> {
  const giveUpAtMs = performance.now() + SETTLE_TIMEOUT_MS
  for (;;) {
    const report = await server.measure()
    const sockets = report.resources['TCPSocketWrap'] ?? 0
    if (sockets === 0) return { report, complaint: undefined }
    if (performance.now() > giveUpAtMs) {
      return {
        report,
        complaint: `${sockets} connections are open ${SETTLE_TIMEOUT_MS} ms after their clients have gone`,
      }
    }
    await delay(POLL_MS)
  }
}
