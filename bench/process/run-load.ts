import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { LoadJob, LoadResult } from '../load/load-job.ts'
import { LOAD_CORE, onCore } from './pinning.ts'

const LOAD_PROGRAM = fileURLToPath(new URL('../load/main.ts', import.meta.url))

/**
 * Runs one job in a process of its own, so that no run inherits another's heap or compiled code.
 * @throws Error with what the load process said when an answer was wrong or missing
 */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const command = [process.execPath, '--conditions=millrace-source', LOAD_PROGRAM, JSON.stringify(job)]
  const [file, ...args] = onCore(LOAD_CORE, command)
  const load = spawn(file!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors] = await Promise.all([text(load.stdout), text(load.stderr), once(load, 'close')])
  if (load.exitCode !== 0) throw new Error(`${job.workload}: ${errors.trim()}`)
  return JSON.parse(output) as LoadResult
}
