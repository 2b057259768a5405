import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** Resolves when a process has ended, whether or not somebody has asked for its exit code. */
export async function processIsGone(pid: number): Promise<void> {
  while (isRunning(pid)) await delay(10)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .toString()
      .startsWith('Z')
  } catch {
    return false
  }
}
