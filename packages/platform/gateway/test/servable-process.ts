import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ServableEndpoint } from '../discovery.ts'

export interface ServableProcess {
  readonly endpoint: ServableEndpoint
  /** Without a chance to say goodbye. */
  kill(): Promise<void>
}

export async function startServableProcess(t: TestContext): Promise<ServableProcess> {
  const program = fileURLToPath(new URL('servable-program.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=millrace-source', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  t.after(kill)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { endpoint: { id: `process-${child.pid}`, address: line.toString().trim(), protocol: 'G3' }, kill }
}
