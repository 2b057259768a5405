import type { Logger } from '@millrace/sdk'
import type { FreePorts } from './free-ports.ts'
import type { MemoryWatch } from './memory-watch.ts'
import type { ProcessRecords } from './process-records.ts'
import type { StartSlots } from './start-slots.ts'

/** How long things may take. All in milliseconds. */
export interface ReplicaTimes {
  /** From its start until it is ready, and while it answers that it is not. Default 120,000. */
  readonly startupTimeoutMs: number
  /** How long one that has been ready may give no answer before it is ended and started again. Default 60,000. */
  readonly unresponsiveTimeoutMs: number
  /** Between questions to one that is ready. Default 5,000. */
  readonly watchIntervalMs: number
  /** For one answer. One that has its threads busy for longer looks like one that is gone. Default 10,000. */
  readonly questionTimeoutMs: number
  /** Before the first new start of one that has ended; doubles each time up to a minute. Default 1,000. */
  readonly restartDelayMs: number
  /** Between SIGTERM and SIGKILL for one that is ended to be started again. Default 5,000. */
  readonly restartGraceMs: number
}

export const DEFAULT_TIMES: ReplicaTimes = {
  startupTimeoutMs: 120_000,
  unresponsiveTimeoutMs: 60_000,
  watchIntervalMs: 5000,
  questionTimeoutMs: 10_000,
  restartDelayMs: 1000,
  restartGraceMs: 5000,
}

/** What all replicas of one driver share. */
export interface ReplicaParts {
  readonly builtInCommand: readonly string[]
  readonly parentEnvironment: NodeJS.ProcessEnv
  readonly inheritedVariables: readonly string[]
  readonly times: ReplicaTimes
  readonly ports: FreePorts
  readonly slots: StartSlots
  readonly records: ProcessRecords
  readonly memory: MemoryWatch
  /** At least 0, below 1. */
  readonly random: () => number
  readonly log: Logger
}
