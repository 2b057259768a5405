import { listProcesses, type ProcessEntry, residentBytes } from './process-table.ts'

/** How often memory is looked at, while any group has a limit. */
const INTERVAL_MS = 500

/** Looks after the memory of process groups. */
export interface MemoryWatch {
  /**
   * Has `onBeyond` called once, when the resident memory of the group's processes together is more than `limitBytes`.
   * Returns how to stop that.
   */
  readonly watch: (group: number, limitBytes: number, onBeyond: (usedBytes: number) => void) => () => void
  /** Resident memory of the groups' processes together, now. Questions of one moment are answered by one look. */
  readonly usedBytes: (groups: readonly number[]) => Promise<number>
}

interface Watched {
  readonly group: number
  readonly limitBytes: number
  readonly onBeyond: (usedBytes: number) => void
}

/**
 * Reads the process table twice a second for all groups at once, and not at all while no group has a limit. Pages that
 * processes of a group share count for each of them. Where there is no `/proc` nothing is ever found beyond.
 */
export function createMemoryWatch(): MemoryWatch {
  const watched = new Set<Watched>()
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    const used = await usedByGroup(new Set([...watched].map(({ group }) => group)))
    for (const entry of watched) {
      const usedBytes = used.get(entry.group) ?? 0
      if (usedBytes <= entry.limitBytes) continue
      watched.delete(entry)
      entry.onBeyond(usedBytes)
    }
    timer = undefined
    schedule()
  }
  let listing: Promise<readonly ProcessEntry[]> | undefined
  const schedule = () => {
    if (watched.size === 0 || timer !== undefined) return
    timer = setTimeout(() => void look(), INTERVAL_MS).unref()
  }
  return {
    watch(group, limitBytes, onBeyond) {
      const entry = { group, limitBytes, onBeyond }
      watched.add(entry)
      schedule()
      return () => watched.delete(entry)
    },
    async usedBytes(groups) {
      listing ??= listProcesses().finally(() => (listing = undefined))
      let usedBytes = 0
      for (const { pid, group } of await listing) {
        if (groups.includes(group)) usedBytes += await residentBytes(pid)
      }
      return usedBytes
    },
  }
}

async function usedByGroup(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
  const used = new Map<number, number>()
  for (const { pid, group } of await listProcesses()) {
    if (groups.has(group)) used.set(group, (used.get(group) ?? 0) + (await residentBytes(pid)))
  }
  return used
}
