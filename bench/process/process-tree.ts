import { readdirSync, readFileSync } from 'node:fs'
import { type CoreTicks, parseCoreTicks } from './core-stat.ts'
import { type ProcessStat, parseProcessStat } from './process-stat.ts'

/** USER_HZ, in which Linux counts the times of `/proc/PID/stat` on every architecture Node.js runs on. */
const TICKS_PER_SECOND = 100

/** CPU time that a process and all its descendants have used since they started. */
export function cpuMsOfTree(rootPid: number): number {
  let ticks = 0
  for (const { cpuTicks } of processTree(rootPid)) ticks += cpuTicks
  return (ticks * 1000) / TICKS_PER_SECOND
}

/** CPU time that a core has given to anybody, and what was taken from it, since the machine started. */
export function cpuMsOfCore(core: number): number {
  const { busy, stolen }: CoreTicks = parseCoreTicks(readFileSync('/proc/stat', 'utf8'), core)
  return ((busy + stolen) * 1000) / TICKS_PER_SECOND
}

/** Resident memory of a process and all its descendants. Pages that several of them share count in each. */
export function residentBytesOfTree(rootPid: number): number {
  let sizeBytes = 0
  for (const { pid } of processTree(rootPid)) sizeBytes += residentBytes(pid)
  return sizeBytes
}

/** @throws Error when there is no such process */
export function processTree(rootPid: number): readonly ProcessStat[] {
  const childrenOf = Map.groupBy(allProcesses(), stat => stat.parentPid)
  const root = readStat(rootPid)
  if (root === undefined) throw new Error(`process ${rootPid} has ended`)
  const tree = [root]
  // The loop also visits what it appends.
  for (const { pid } of tree) tree.push(...(childrenOf.get(pid) ?? []))
  return tree
}

function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => readStat(Number(name)) ?? [])
}

/** `undefined` for a process that has ended meanwhile. */
function readStat(pid: number): ProcessStat | undefined {
  const text = readProcessFile(pid, 'stat')
  return text === undefined ? undefined : parseProcessStat(text)
}

function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readProcessFile(pid, 'status') ?? '')
  return found === null ? 0 : Number(found[1]) * 1024
}

function readProcessFile(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
