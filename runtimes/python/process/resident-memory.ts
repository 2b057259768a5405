import { readFileSync } from 'node:fs'

const KIB = 1024

/**
 * Bytes of memory that a process takes; of what it shares with others, as Python processes do their libraries, its part.
 * Where the system does not tell the parts, all that is resident. Undefined where it tells neither.
 */
export function residentBytes(pid: number): number | undefined {
  return (
    kibibytesIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m) ??
    kibibytesIn(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m)
  )
}

function kibibytesIn(path: string, line: RegExp): number | undefined {
  try {
    const found = line.exec(readFileSync(path, 'utf8'))?.[1]
    return found === undefined ? undefined : Number(found) * KIB
  } catch {
    // The process is gone, or this system has no such files.
    return undefined
  }
}
