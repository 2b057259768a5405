import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import { EXIT } from '../exit-codes.ts'

/** What lies where in the folder of a platform. */
export interface DataFolder {
  readonly databaseFile: string
  readonly blobs: string
  readonly manager: string
  readonly servables: string
  /** Lets another process have the folder. */
  readonly release: () => Promise<void>
}

/**
 * Makes the folder if need be, and takes it for this process alone: two of them would end each other's servables.
 * @throws CommandFailure if another process has it
 */
export async function takeDataFolder(folder: string): Promise<DataFolder> {
  // Payloads and logs are nobody else's business.
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = join(folder, 'lock')
  await takeLock(lock, folder)
  return {
    databaseFile: join(folder, 'platform.db'),
    blobs: join(folder, 'blobs'),
    manager: join(folder, 'manager'),
    servables: join(folder, 'servables'),
    release: () => rm(lock, { force: true }),
  }
}

async function takeLock(lock: string, folder: string): Promise<void> {
  const mine = `${process.pid} ${await startOf(process.pid)}\n`
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(lock, 'wx', 0o600)
      await file.writeFile(mine)
      await file.close()
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const [pid = '', start = ''] = (await readFile(lock, 'utf8').catch(() => '')).trim().split(' ')
    if (pid !== '' && start !== '' && (await startOf(Number(pid))) === start) {
      throw new CommandFailure(
        `${folder} is in use by the process ${pid}; stop that one, or name another folder with --data`,
        EXIT.configuration,
      )
    }
    // Its process was killed; a pid may mean another one by now, which its start tells.
    await rm(lock, { force: true })
  }
  throw new CommandFailure(`${lock} is taken by another process that starts just now`, EXIT.configuration)
}

/** When a process began, in ticks since the machine did; where the system does not tell, whether it lives. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name, in brackets, may hold blanks. What follows it begins with field 3; the start is field 22.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  if (process.platform === 'linux') return ''
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch {
    return ''
  }
}
