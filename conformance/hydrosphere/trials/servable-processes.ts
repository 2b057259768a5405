import { readdir, readFile } from 'node:fs/promises'

/**
 * Processes that belong to a data folder: those that were told of a model in it, and their children. Needs Linux.
 */
export async function servableProcesses(dataFolder: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    // A process that ends meanwhile has nothing to be read.
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '')
    if (environment.includes(`MODEL_DIR=${dataFolder}`)) found.push(Number(name))
  }
  return found
}

/** Those of them that run a program, and not the shells that watch over them. */
export async function servableProcessesOf(dataFolder: string, program: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const pid of await servableProcesses(dataFolder)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (command.startsWith(`${program}\0`)) found.push(pid)
  }
  return found
}
