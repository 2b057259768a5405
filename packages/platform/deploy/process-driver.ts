import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Logger, ServingError } from '@millrace/sdk'
import { checkSpec } from './check-spec.ts'
import type { DeployDriver, Deployment, ServableSpec, SleepingDeployment } from './deploy-driver.ts'
import { endLeftovers } from './end-leftovers.ts'
import { createFreePorts } from './free-ports.ts'
import { createMemoryWatch } from './memory-watch.ts'
import { createProcessDeployment, type ProcessDeployment } from './process-deployment.ts'
import { createProcessRecords, type ProcessRecords } from './process-records.ts'
import { replicaCommand } from './replica-command.ts'
import { DEFAULT_TIMES, type ReplicaParts, type ReplicaTimes } from './replica-parts.ts'
import { createServableLog } from './servable-log.ts'
import { createStartSlots } from './start-slots.ts'

const DEFAULT_LOG_FILE_BYTES = 10 * 1024 * 1024

export interface ProcessDriverOptions {
  /** How this very program is started, without a command of its own: Node.js with its flags, and the main file. */
  readonly builtInCommand: readonly string[]
  /** Absolute. `replicas` in it has a file for each process that runs, `logs` one or two for each servable. */
  readonly dataFolder: string
  readonly log: Logger
  readonly times?: Partial<ReplicaTimes> | undefined
  /** Names of variables that replicas get from `environment`, besides those that every program needs. Default: none. */
  readonly inheritedVariables?: readonly string[] | undefined
  /** The control plane's own variables. Default: those of this process. */
  readonly environment?: NodeJS.ProcessEnv | undefined
  /** How many replicas start at a time; others wait. Default: two for each processor. */
  readonly maxConcurrentStarts?: number | undefined
  /** How large a servable's log file may grow; there is one older beside it. Default 10 MiB. */
  readonly maxLogFileBytes?: number | undefined
  /** Spreads the delays of new starts. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
  /** Finds a port of 127.0.0.1. Default: one that the system has free. */
  readonly findPort?: (() => Promise<number>) | undefined
}

/** A driver whose replicas are processes of this machine. It needs `/bin/sh`. */
export function createProcessDriver(options: ProcessDriverOptions): DeployDriver {
  return new ProcessDriver(options)
}

class ProcessDriver implements DeployDriver {
  readonly #options: ProcessDriverOptions
  readonly #parts: ReplicaParts
  readonly #records: ProcessRecords
  readonly #deployments = new Map<string, ProcessDeployment>()
  #isClosed = false

  constructor(options: ProcessDriverOptions) {
    this.#options = options
    this.#records = createProcessRecords(join(options.dataFolder, 'replicas'))
    this.#parts = {
      builtInCommand: options.builtInCommand,
      parentEnvironment: options.environment ?? process.env,
      inheritedVariables: options.inheritedVariables ?? [],
      times: { ...DEFAULT_TIMES, ...options.times },
      ports: createFreePorts(options.findPort),
      slots: createStartSlots(options.maxConcurrentStarts ?? 2 * availableParallelism()),
      records: this.#records,
      memory: createMemoryWatch(),
      random: options.random ?? Math.random,
      log: options.log,
    }
  }

  readonly deploy = (spec: ServableSpec): Deployment => this.#deploy(spec, false)

  readonly deployAsleep = (spec: ServableSpec): SleepingDeployment => this.#deploy(spec, true)

  #deploy(spec: ServableSpec, isAsleep: boolean): ProcessDeployment {
    const { name } = spec
    const { log } = this.#options
    if (this.#isClosed)
      throw new ServingError('UNAVAILABLE', `servable ${name} cannot start: all are being stopped`)
    checkSpec(spec)
    // Whether it can be run at all is told here, and not by a replica.
    replicaCommand(spec, this.#options.builtInCommand)
    if (this.#deployments.has(name)) {
      throw new ServingError('ALREADY_EXISTS', `servable ${name} is running, or has not ended yet`)
    }
    const servableLog = createServableLog(
      join(this.#options.dataFolder, 'logs', `${name}.log`),
      this.#options.maxLogFileBytes ?? DEFAULT_LOG_FILE_BYTES,
      error => log.warn('the log file of a servable could not be written', { servable: name, error }),
    )
    const deployment = createProcessDeployment({
      spec,
      parts: this.#parts,
      servableLog,
      isAsleep,
      onStopped: () => this.#deployments.delete(name),
    })
    this.#deployments.set(name, deployment)
    return deployment
  }

  readonly cleanUp = (): Promise<void> => endLeftovers(this.#records, this.#options.log)

  readonly close = async (graceMs: number): Promise<void> => {
    this.#isClosed = true
    await Promise.all([...this.#deployments.values()].map(deployment => deployment.suspend(graceMs)))
  }
}
