import type { Logger } from '@millrace/sdk'
import { createPause } from './pauses.ts'
import type { ProcessRecord, ProcessRecords } from './process-records.ts'
import { findByVariable, listProcesses, readBootId, readProcess } from './process-table.ts'
import { REPLICA_VARIABLE } from './replica-environment.ts'

/** How long processes that were killed may take to be gone, before they are left to the next life. */
const PATIENCE_MS = 10_000
const LONGEST_PAUSE_MS = 200

/**
 * Kills what an earlier life of the control plane has left running, and waits until it is gone. A process is one of
 * those if id and start time are what the record says, or if it carries a replica's id in its environment; so one that
 * has got the id of a process that is gone is never touched. What belongs to a control plane that still runs is left.
 */
export async function endLeftovers(records: ProcessRecords, log: Logger): Promise<void> {
  const all = records.list()
  const inUse = all.filter(isParentAlive)
  if (inUse.length > 0) {
    log.warn('another control plane runs models with the same data folder; they are left alone', {
      pid: inUse[0]!.parent.pid,
      replicas: inUse.length,
    })
  }
  const left = all.filter(record => !inUse.includes(record))
  if (left.length === 0) return
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const pause = createPause(LONGEST_PAUSE_MS)
  const ended = new Set<number>()
  try {
    for (;;) {
      const found = await killAll(left)
      if (found.length === 0) break
      for (const pid of found) ended.add(pid)
      await pause(signal)
    }
  } catch {
    log.error('processes of an earlier life do not end', { pids: [...ended] })
    return
  }
  for (const { replicaId } of left) records.remove(replicaId)
  if (ended.size > 0) log.warn('processes of an earlier life were ended', { pids: [...ended] })
}

/** Kills what a replica has started that has left its process group, such as a daemon. */
export async function endStrays(replicaId: string): Promise<void> {
  for (const pid of await findByVariable(REPLICA_VARIABLE, new Set([replicaId]))) kill(pid)
}

/** Ids of those that were there. */
async function killAll(records: readonly ProcessRecord[]): Promise<readonly number[]> {
  const groups = new Set(records.filter(isAlive).map(({ pid }) => pid))
  const inGroups = (await listProcesses()).filter(({ group, isZombie }) => groups.has(group) && !isZombie)
  for (const group of groups) kill(-group)
  const strays = await findByVariable(REPLICA_VARIABLE, new Set(records.map(({ replicaId }) => replicaId)))
  for (const pid of strays) kill(pid)
  return [...inGroups.map(({ pid }) => pid), ...strays]
}

function isAlive({ pid, startTicks, bootId }: ProcessRecord): boolean {
  return startTicks !== undefined && bootId === readBootId() && readProcess(pid)?.startTicks === startTicks
}

function isParentAlive({ parent, bootId }: ProcessRecord): boolean {
  return (
    parent.startTicks !== undefined &&
    bootId === readBootId() &&
    readProcess(parent.pid)?.startTicks === parent.startTicks &&
    readProcess(parent.pid)?.isZombie === false
  )
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}
