import { ServingError } from '@millrace/sdk'
import type {
  Deployment,
  Replica,
  ServableSpec,
  ServableStatus,
  SleepingDeployment,
} from './deploy-driver.ts'
import type { ReplicaParts } from './replica-parts.ts'
import { type ReplicaSupervisor, superviseReplica } from './replica-supervisor.ts'
import type { ServableLog } from './servable-log.ts'
import { servableStatus } from './servable-status.ts'

export interface ProcessDeploymentOptions {
  readonly spec: ServableSpec
  readonly parts: ReplicaParts
  readonly servableLog: ServableLog
  /** Nothing runs before it is woken. */
  readonly isAsleep: boolean
  /** Called once, when all is gone. */
  readonly onStopped: () => void
}

/** A deployment whose driver may stop it too. */
export interface ProcessDeployment extends SleepingDeployment {
  /** As `stop`, for a servable that is to run again in a later life: its log file is kept. */
  readonly suspend: (graceMs: number) => Promise<void>
}

export function createProcessDeployment(options: ProcessDeploymentOptions): ProcessDeployment {
  return new Processes(options)
}

const STARTING: ServableStatus = { state: 'Starting', message: 'Initialization' }
const ASLEEP: ServableStatus = { state: 'NotServing', message: 'it is asleep' }

class Processes implements ProcessDeployment {
  readonly spec: ServableSpec
  readonly #options: ProcessDeploymentOptions
  /** None while it sleeps. */
  #supervisors: readonly ReplicaSupervisor[] = []
  /** Those that are being ended so that it can sleep. */
  #leaving: readonly ReplicaSupervisor[] = []
  #sleeping: Promise<void> | undefined
  /** Settles when the replicas that were started last are ready, or one has failed. */
  #ready = Promise.withResolvers<void>()
  readonly #listeners = new Set<() => void>()
  #status: ServableStatus = STARTING
  #replicas: readonly Replica[] = []
  #hasServed = false
  #isStopping = false
  #stopping: Promise<void> | undefined

  constructor(options: ProcessDeploymentOptions) {
    this.spec = options.spec
    this.#options = options
    if (options.isAsleep) {
      this.#status = ASLEEP
      this.#ready.promise.catch(ignore)
    } else {
      this.#start()
    }
  }

  get status(): ServableStatus {
    return this.#status
  }

  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  readonly onChange = (listener: () => void): (() => void) => {
    // The same function may be given twice.
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  readonly logs: Deployment['logs'] = options => this.#options.servableLog.read(options)

  readonly stop = (graceMs: number): Promise<void> => (this.#stopping ??= this.#stop(graceMs, 'delete'))

  readonly suspend = (graceMs: number): Promise<void> => (this.#stopping ??= this.#stop(graceMs, 'keep'))

  readonly wake = async (): Promise<void> => {
    while (this.#sleeping !== undefined) await this.#sleeping
    if (this.#isStopping) throw notReady('it is being stopped')
    if (this.#supervisors.length === 0) this.#start()
    await this.#ready.promise
  }

  readonly sleep = (idle: Promise<unknown>, graceMs: number): Promise<void> =>
    (this.#sleeping ??= this.#sleep(idle, graceMs).finally(() => (this.#sleeping = undefined)))

  readonly usedBytes = async (): Promise<number> => {
    const groups = [...this.#supervisors, ...this.#leaving].flatMap(({ group }) => group ?? [])
    return groups.length === 0 ? 0 : this.#options.parts.memory.usedBytes(groups)
  }

  #start(): void {
    const { spec, parts, servableLog } = this.#options
    this.#ready = Promise.withResolvers()
    // Whoever wakes it is told; of one that always runs nobody asks.
    this.#ready.promise.catch(ignore)
    this.#hasServed = false
    this.#publish(STARTING, [])
    this.#supervisors = Array.from({ length: spec.replicas }, (_, index) =>
      superviseReplica({
        spec,
        parts,
        onLine: spec.replicas === 1 ? servableLog.add : line => servableLog.add(`[${index + 1}] ${line}`),
        onChange: () => this.#update(),
      }),
    )
  }

  async #sleep(idle: Promise<unknown>, graceMs: number): Promise<void> {
    if (this.#isStopping || this.#supervisors.length === 0) return
    this.#leaving = this.#supervisors
    this.#supervisors = []
    this.#ready.reject(notReady('it was stopped before it was ready'))
    this.#publish(ASLEEP, [])
    await idle
    await Promise.all(this.#leaving.map(supervisor => supervisor.stop(graceMs)))
    this.#leaving = []
  }

  async #stop(graceMs: number, logFile: 'keep' | 'delete'): Promise<void> {
    this.#isStopping = true
    this.#ready.reject(notReady('it is being stopped'))
    this.#publish({ state: 'NotServing', message: 'it is stopped' }, [])
    await Promise.all([...this.#supervisors, ...this.#leaving].map(supervisor => supervisor.stop(graceMs)))
    await this.#options.servableLog.close(logFile)
    this.#options.onStopped()
  }

  #update(): void {
    // All replicas leave at once, and not one after another.
    if (this.#isStopping || this.#supervisors.length === 0) return
    const views = this.#supervisors.map(({ view }) => view)
    const replicas = views.flatMap(({ replica }) => (replica === undefined ? [] : [replica]))
    if (replicas.length === views.length) this.#hasServed = true
    const states = views.map(({ status }) => status)
    this.#publish(servableStatus(states, this.#hasServed), replicas)
    const failed = this.#supervisors.find(({ failure }) => failure !== undefined)
    if (this.#hasServed) this.#ready.resolve()
    else if (failed !== undefined) this.#ready.reject(notReady(failed.failure!))
  }

  #publish(status: ServableStatus, replicas: readonly Replica[]): void {
    const isSame =
      replicas.length === this.#replicas.length &&
      replicas.every((replica, index) => replica === this.#replicas[index])
    if (isSame && status.state === this.#status.state && status.message === this.#status.message) return
    if (!isSame) this.#replicas = replicas
    const isTold = !this.#isStopping && this.#supervisors.length > 0
    if (status.state !== this.#status.state && isTold) this.#tell(status)
    this.#status = status
    for (const listener of this.#listeners) this.#call(listener)
  }

  #tell({ state, message }: ServableStatus): void {
    const { log } = this.#options.parts
    const fields = { servable: this.spec.name, state, message: message?.split('\n', 1)[0] }
    if (state === 'NotServing' || state === 'NotAvailable') log.warn('a servable does not serve', fields)
    else log.info('a servable has changed', fields)
  }

  #call(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      const servable = this.spec.name
      this.#options.parts.log.error('a listener of a servable failed', { servable, error })
    }
  }
}

function notReady(reason: string): ServingError {
  return new ServingError('UNAVAILABLE', reason)
}

function ignore(): void {
  // It is shown as the servable's status.
}
