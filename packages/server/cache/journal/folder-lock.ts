import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'

/**
 * Takes a folder for this process alone; returns how to let go of it. What a killed process has left behind does not count.
 * @param setting what names the folder, for the error
 * @throws ServingError FAILED_PRECONDITION if a living process has it
 */
export async function lockFolder(folder: string, setting: string): Promise<() => Promise<void>> {
  const lock = join(folder, 'lock')
  const mine = `${lock}.${process.pid}`
  try {
    // Linked when it is whole, so that nobody reads half of it.
    await writeFile(mine, `${process.pid} ${await startOf(process.pid)}\n`, { mode: 0o600 })
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await isLinked(mine, lock)) return () => rm(lock, { force: true })
      const held = (await readFile(lock, 'utf8').catch(() => '')).trim()
      const [pid = '', start = ''] = held.split(' ')
      if (start !== '' && (await startOf(Number(pid))) === start) {
        throw new ServingError(
          'FAILED_PRECONDITION',
          `${folder} is in use by the process ${pid}; stop that one, or name another folder in ${setting}`,
        )
      }
      // A pid may mean another process by now, which its start tells.
      await rm(lock, { force: true })
    }
  } finally {
    await rm(mine, { force: true })
  }
  throw new ServingError('FAILED_PRECONDITION', `${folder} is being taken by another process just now`)
}

async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** When a process began, in ticks since the machine did; where the system does not tell, whether it lives. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name, in brackets, may hold blanks. What follows it begins with field 3; the start is field 22.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  if (process.platform === 'linux' || !(pid > 0)) return ''
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch {
    return ''
  }
}
