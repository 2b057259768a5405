import { processTree } from '../../../bench/process/process-tree.ts'
import type { Random } from '../../fuzz/inputs/random.ts'
import type { ServerProcess } from '../../fuzz/target/server-process.ts'
import type { Outages } from './outages.ts'
import { everySoOften } from './pauses.ts'

/** Ends one worker each time it is called. Resolves with what is wrong. */
export type Killer = () => Promise<string | undefined>

/** Ends processes from outside: mostly the one that has lived longest, so that each gets to answer something. */
export function processKiller(server: ServerProcess, random: Random, outages: Outages): Killer {
  const known = new Set<number>()
  return async () => {
    const workers = processTree(server.pid).slice(1)
    for (const { pid } of workers) known.add(pid)
    const byAge = [...known].filter(pid => workers.some(worker => worker.pid === pid))
    if (byAge.length === 0) return undefined
    const victim = random.isOneIn(4) ? random.pick(byAge) : byAge[0]!
    outages.killed(performance.now())
    process.kill(victim, 'SIGKILL')
    return undefined
  }
}

/** Has a model end the thread that it runs in, by turns with `process.exit` and with an exception behind the request's back. */
export function threadKiller(server: ServerProcess, outages: Outages): Killer {
  const url = `http://127.0.0.1:${server.ports.rest}/v2/models/poison/infer`
  let isExit = false
  return async () => {
    isExit = !isExit
    const id = isExit ? 'exit' : 'throw'
    const input = { name: 'nothing', datatype: 'INT32', shape: [0], data: [] }
    outages.killed(performance.now())
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ id, inputs: [input] }) })
    const text = await response.text()
    return response.status === 500 && /worker stopped unexpectedly/.test(text)
      ? undefined
      : `the request that ends its worker (${id}) was answered with ${response.status}: ${text}`
  }
}

/** Calls the killer every so often until the signal. */
export async function killEvery(
  periodMs: number,
  killer: Killer,
  signal: AbortSignal,
  onComplaint: (complaint: string) => void,
): Promise<void> {
  const isTime = everySoOften(periodMs, signal)
  while (await isTime()) {
    const complaint = await killer()
    if (complaint !== undefined) onComplaint(complaint)
  }
}
