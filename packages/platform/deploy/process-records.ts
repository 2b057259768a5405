import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readBootId, readProcess } from './process-table.ts'

/** One process that a replica was started as, and the control plane that started it. */
export interface ProcessRecord {
  readonly replicaId: string
  readonly servable: string
  /** Leader of its process group. */
  readonly pid: number
  /** Undefined: it was gone already, or this machine does not tell. */
  readonly startTicks: number | undefined
  readonly parent: { readonly pid: number; readonly startTicks: number | undefined }
  /** Of the machine's run in which all of this was true. */
  readonly bootId: string | undefined
}

/** What runs, in files, for a later life of the control plane. */
export interface ProcessRecords {
  /** Written before the call returns. */
  readonly add: (replicaId: string, servable: string, pid: number) => void
  readonly remove: (replicaId: string) => void
  /** What can be read; files that are no records, such as half of one, are deleted. */
  readonly list: () => readonly ProcessRecord[]
}

export function createProcessRecords(folder: string): ProcessRecords {
  const bootId = readBootId()
  const parent = { pid: process.pid, startTicks: readProcess(process.pid)?.startTicks }
  const fileOf = (replicaId: string) => join(folder, `${replicaId}.json`)
  return {
    add(replicaId, servable, pid) {
      const startTicks = readProcess(pid)?.startTicks
      const record: ProcessRecord = { replicaId, servable, pid, startTicks, parent, bootId }
      mkdirSync(folder, { recursive: true })
      writeFileSync(fileOf(replicaId), JSON.stringify(record))
    },
    remove: replicaId => rmSync(fileOf(replicaId), { force: true }),
    list: () => readAll(folder),
  }
}

function readAll(folder: string): readonly ProcessRecord[] {
  let names: readonly string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names.flatMap(name => {
    const path = join(folder, name)
    const record = read(path)
    if (record === undefined) rmSync(path, { force: true, recursive: true })
    return record === undefined ? [] : [record]
  })
}

function read(path: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessRecord> | null
    const isOne =
      typeof record?.replicaId === 'string' &&
      basename(path) === `${record.replicaId}.json` &&
      typeof record.servable === 'string' &&
      Number.isSafeInteger(record.pid) &&
      // A group of 0 or 1 would be this process's own, or everybody.
      record.pid! > 1 &&
      Number.isSafeInteger(record.parent?.pid)
    return isOne ? (record as ProcessRecord) : undefined
  } catch {
    return undefined
  }
}
