import { ServingError } from '@millrace/sdk'
import type {
  DeployDriver,
  Deployment,
  Replica,
  RuntimeProtocol,
  ServableSpec,
  ServableStatus,
} from './deploy-driver.ts'
import { createLineRing } from './line-ring.ts'
import { servableStatus } from './servable-status.ts'

/** A driver for tests of others: nothing runs, and replicas are what the test says they are. */
export interface MemoryDriver extends DeployDriver {
  /** Those that are not stopped, by name. */
  readonly deployments: ReadonlyMap<string, Deployment>
  /** Has one replica, or all, be in this state. @throws for a servable that is not deployed */
  readonly set: (name: string, status: ServableStatus, index?: number) => void
  readonly write: (name: string, line: string) => void
}

export interface MemoryDriverOptions {
  /** Told of every new deployment, to set its replicas now or later. Default: all serve in the next turn. */
  readonly onDeploy?: (spec: ServableSpec, driver: MemoryDriver) => void
  /** Where the replica of a start, counted from 0, listens. Default: an address where nobody does. */
  readonly address?: (spec: ServableSpec, start: number) => string
  /** Default G3. */
  readonly protocol?: RuntimeProtocol
  /** Deploy images as well. Default: they are refused, as by every driver that has processes alone. */
  readonly isAnyRuntimeKnown?: boolean
}

export function createMemoryDriver(options: MemoryDriverOptions = {}): MemoryDriver {
  const deployments = new Map<string, MemoryDeployment>()
  const serveAll = ({ name }: ServableSpec) =>
    setImmediate(() => deployments.get(name)?.set({ state: 'Serving', message: null }))
  const find = (name: string) => {
    const found = deployments.get(name)
    if (found === undefined) throw new Error(`no servable ${name} is deployed`)
    return found
  }
  let isClosed = false
  const driver: MemoryDriver = {
    deployments,
    deploy(spec) {
      if (isClosed) throw new ServingError('UNAVAILABLE', 'the driver is closed')
      if (spec.runtime.kind === 'image' && options.isAnyRuntimeKnown !== true) {
        throw new ServingError('UNIMPLEMENTED', `the image ${spec.runtime.image} cannot be run`)
      }
      if (deployments.has(spec.name)) throw new ServingError('ALREADY_EXISTS', `${spec.name} is running`)
      const deployment = new MemoryDeployment(spec, options, () => deployments.delete(spec.name))
      deployments.set(spec.name, deployment)
      const onDeploy = options.onDeploy ?? serveAll
      onDeploy(spec, driver)
      return deployment
    },
    set: (name, status, index) => find(name).set(status, index),
    write: (name, line) => find(name).ring.add(line),
    cleanUp: async () => {},
    async close(graceMs) {
      isClosed = true
      await Promise.all([...deployments.values()].map(deployment => deployment.stop(graceMs)))
    },
  }
  return driver
}

let starts = 0

class MemoryDeployment implements Deployment {
  readonly spec: ServableSpec
  readonly ring = createLineRing()
  readonly #options: MemoryDriverOptions
  readonly #onStopped: () => void
  readonly #views: { status: ServableStatus; replica: Replica | undefined }[]
  readonly #listeners = new Set<() => void>()
  #status: ServableStatus = { state: 'Starting', message: 'Initialization' }
  #replicas: readonly Replica[] = []
  #hasServed = false
  #isStopped = false

  constructor(spec: ServableSpec, options: MemoryDriverOptions, onStopped: () => void) {
    this.spec = spec
    this.#options = options
    this.#onStopped = onStopped
    this.#views = Array.from({ length: spec.replicas }, () => ({ status: this.#status, replica: undefined }))
  }

  get status(): ServableStatus {
    return this.#status
  }

  get replicas(): readonly Replica[] {
    return this.#replicas
  }

  readonly set = (status: ServableStatus, index?: number): void => {
    if (this.#isStopped) return
    for (const [at, view] of this.#views.entries()) {
      if (index !== undefined && at !== index) continue
      if (status.state !== 'Serving') view.replica = undefined
      else view.replica ??= this.#newReplica()
      view.status = status
    }
    const replicas = this.#views.flatMap(({ replica }) => (replica === undefined ? [] : [replica]))
    if (replicas.length === this.#views.length) this.#hasServed = true
    const states = this.#views.map(({ status }) => status)
    this.#publish(servableStatus(states, this.#hasServed), replicas)
  }

  readonly onChange = (listener: () => void): (() => void) => {
    const entry = () => listener()
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  readonly logs: Deployment['logs'] = options => this.ring.read(options)

  readonly stop = async (_graceMs: number): Promise<void> => {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#publish({ state: 'NotServing', message: 'it is stopped' }, [])
    this.ring.end()
    this.#onStopped()
  }

  #newReplica(): Replica {
    const { address = () => '127.0.0.1:1', protocol = 'G3' } = this.#options
    const start = starts++
    return { id: `replica-${start}`, address: address(this.spec, start), protocol }
  }

  #publish(status: ServableStatus, replicas: readonly Replica[]): void {
    this.#status = status
    this.#replicas = replicas
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch {
        // It is the listener's own affair.
      }
    }
  }
}
