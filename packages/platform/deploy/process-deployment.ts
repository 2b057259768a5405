import type { Deployment, Replica, ServableSpec, ServableStatus } from './deploy-driver.ts'
import type { ReplicaParts } from './replica-parts.ts'
import { type ReplicaSupervisor, superviseReplica } from './replica-supervisor.ts'
import type { ServableLog } from './servable-log.ts'
import { servableStatus } from './servable-status.ts'

export interface ProcessDeploymentOptions {
  readonly spec: ServableSpec
  readonly parts: ReplicaParts
  readonly servableLog: ServableLog
  /** Called once, when all is gone. */
  readonly onStopped: () => void
}

/** A deployment whose driver may stop it too. */
export interface ProcessDeployment extends Deployment {
  /** As `stop`, for a servable that is to run again in a later life: its log file is kept. */
  readonly suspend: (graceMs: number) => Promise<void>
}

export function createProcessDeployment(options: ProcessDeploymentOptions): ProcessDeployment {
  return new Processes(options)
}

class Processes implements ProcessDeployment {
  readonly spec: ServableSpec
  readonly #options: ProcessDeploymentOptions
  readonly #supervisors: readonly ReplicaSupervisor[]
  readonly #listeners = new Set<() => void>()
  #status: ServableStatus = { state: 'Starting', message: 'Initialization' }
  #replicas: readonly Replica[] = []
  #hasServed = false
  #isStopping = false
  #stopping: Promise<void> | undefined

  constructor(options: ProcessDeploymentOptions) {
    const { spec, parts, servableLog } = options
    this.spec = spec
    this.#options = options
    this.#supervisors = Array.from({ length: spec.replicas }, (_, index) =>
      superviseReplica({
        spec,
        parts,
        onLine: spec.replicas === 1 ? servableLog.add : line => servableLog.add(`[${index + 1}] ${line}`),
        onChange: () => this.#update(),
      }),
    )
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

  async #stop(graceMs: number, logFile: 'keep' | 'delete'): Promise<void> {
    this.#isStopping = true
    this.#publish({ state: 'NotServing', message: 'it is stopped' }, [])
    await Promise.all(this.#supervisors.map(supervisor => supervisor.stop(graceMs)))
    await this.#options.servableLog.close(logFile)
    this.#options.onStopped()
  }

  #update(): void {
    // All replicas leave at once, and not one after another.
    if (this.#isStopping) return
    const views = this.#supervisors.map(({ view }) => view)
    const replicas = views.flatMap(({ replica }) => (replica === undefined ? [] : [replica]))
    if (replicas.length === views.length) this.#hasServed = true
    const states = views.map(({ status }) => status)
    this.#publish(servableStatus(states, this.#hasServed), replicas)
  }

  #publish(status: ServableStatus, replicas: readonly Replica[]): void {
    const isSame =
      replicas.length === this.#replicas.length &&
      replicas.every((replica, index) => replica === this.#replicas[index])
    if (isSame && status.state === this.#status.state && status.message === this.#status.message) return
    if (!isSame) this.#replicas = replicas
    if (status.state !== this.#status.state && !this.#isStopping) this.#tell(status)
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
