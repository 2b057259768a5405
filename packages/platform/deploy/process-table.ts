import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

/** One process, as Linux tells of it. */
export interface ProcessEntry {
  readonly pid: number
  /** Of its program, cut to 15 characters. */
  readonly name: string
  /** Id of its process group. */
  readonly group: number
  /** In ticks since the machine was started: with the id it names one process and no later one. */
  readonly startTicks: number
  /** Dead, and not yet taken note of by its parent. */
  readonly isZombie: boolean
}

/** Positions among the fields of `/proc/PID/stat` that follow the name, which may have spaces and parentheses itself. */
const STATE = 0
const GROUP = 2
const START_TICKS = 19

/** Undefined for a process that is gone, and where there is no `/proc`. */
export function readProcess(pid: number): ProcessEntry | undefined {
  try {
    return parse(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return undefined
  }
}

/** All processes that can be seen; none where there is no `/proc`. */
export async function listProcesses(): Promise<readonly ProcessEntry[]> {
  const entries: ProcessEntry[] = []
  for (const pid of await listPids()) {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
    if (text !== undefined) entries.push(parse(pid, text))
  }
  return entries
}

/** Ids of processes whose environment has `name` with one of these values, as far as it may be read. */
export async function findByVariable(name: string, values: ReadonlySet<string>): Promise<readonly number[]> {
  const found: number[] = []
  const start = `${name}=`
  for (const pid of await listPids()) {
    const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
    const variable = text.split('\0').find(text => text.startsWith(start))
    if (variable !== undefined && values.has(variable.slice(start.length))) found.push(pid)
  }
  return found
}

/** Memory that a process has in use right now; 0 for one that is gone. */
export async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}

/** Different after each start of the machine; undefined where nobody tells. */
export function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}

async function listPids(): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter(name => /^\d+$/.test(name)).map(Number)
}

function parse(pid: number, text: string): ProcessEntry {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    group: Number(fields[GROUP]),
    startTicks: Number(fields[START_TICKS]),
    isZombie: fields[STATE] === 'Z' || fields[STATE] === 'X',
  }
}
