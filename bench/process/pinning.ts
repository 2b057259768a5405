import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Servers and the load get a core each, so that neither takes the other's time. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

/** Why processes cannot be bound to cores here; `null` when they can. */
export const PINNING_OBSTACLE: string | null = findObstacle()

function findObstacle(): string | null {
  if (availableParallelism() < 2) return 'there is only one core'
  const found = spawnSync('taskset', ['-c', `${SERVER_CORE},${LOAD_CORE}`, process.execPath, '--version'])
  return found.status === 0 ? null : 'taskset is missing or does not allow cores 0 and 1'
}

/** The command that runs `command` on one core; the command itself where that is not possible. */
export function onCore(core: number, command: readonly string[]): readonly string[] {
  return PINNING_OBSTACLE === null ? ['taskset', '-c', String(core), ...command] : command
}
