import { ServingError } from '@millrace/sdk'
import type {
  DeployDriver,
  Deployment,
  Replica,
  ServableSpec,
  ServableState,
  ServableStatus,
} from '../../deploy/index.ts'

/** A deployment that a test says the states of. */
export interface ControlledDeployment extends Deployment {
  readonly isStopped: boolean
  set(state: ServableState, message?: string): void
  say(line: string): void
}

export interface ControlledDriver extends DeployDriver {
  readonly deployments: ReadonlyMap<string, ControlledDeployment>
  /** Names in the order in which they were deployed and stopped. */
  readonly history: readonly string[]
  cleanUps: number
  /** Resolves when so many have been begun with. */
  begun(count: number): Promise<void>
}

/** `begin` is called with what was just deployed. Default: it serves at once. */
export function createControlledDriver(
  begin: (deployment: ControlledDeployment) => void = deployment => deployment.set('Serving'),
): ControlledDriver {
  const deployments = new Map<string, ControlledDeployment>()
  const history: string[] = []
  let starts = 0
  let begunCount = 0
  let counted = Promise.withResolvers<void>()

  const create = (spec: ServableSpec): ControlledDeployment => {
    let status: ServableStatus = { state: 'Starting', message: 'Initialization' }
    let replicas: readonly Replica[] = []
    let isStopped = false
    const lines: string[] = []
    const listeners = new Set<() => void>()
    let said = Promise.withResolvers<void>()
    const tell = () => {
      for (const listener of listeners) listener()
    }
    const deployment: ControlledDeployment = {
      spec,
      get status() {
        return status
      },
      get replicas() {
        return replicas
      },
      get isStopped() {
        return isStopped
      },
      onChange(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      set(state, message) {
        status = { state, message: message ?? null }
        replicas =
          state === 'Serving'
            ? Array.from({ length: spec.replicas }, () => {
                const id = `r${++starts}`
                return { id, address: `127.0.0.1:${40_000 + starts}`, protocol: 'G3' as const }
              })
            : []
        tell()
      },
      say(line) {
        lines.push(line)
        said.resolve()
        said = Promise.withResolvers()
      },
      async *logs({ follow, signal }) {
        for (let next = 0; ; ) {
          while (next < lines.length) yield lines[next++]!
          if (!follow || signal?.aborted === true || isStopped) return
          const aborted = Promise.withResolvers<void>()
          signal?.addEventListener('abort', () => aborted.resolve(), { once: true })
          await Promise.race([said.promise, aborted.promise])
        }
      },
      async stop() {
        if (isStopped) return
        isStopped = true
        replicas = []
        history.push(`-${spec.name}`)
        said.resolve()
        deployments.delete(spec.name)
      },
    }
    return deployment
  }

  return {
    deployments,
    history,
    cleanUps: 0,
    async begun(count) {
      for (;;) {
        if (begunCount >= count) return
        await counted.promise
      }
    },
    deploy(spec) {
      if (spec.environment['REFUSE'] !== undefined) {
        throw new ServingError('UNIMPLEMENTED', `this driver does not run ${spec.modelName}`)
      }
      if (deployments.has(spec.name)) throw new ServingError('ALREADY_EXISTS', `${spec.name} runs already`)
      const deployment = create(spec)
      deployments.set(spec.name, deployment)
      history.push(spec.name)
      // A real driver tells later, never within the call.
      setImmediate(() => {
        if (!deployment.isStopped) begin(deployment)
        begunCount++
        counted.resolve()
        counted = Promise.withResolvers()
      })
      return deployment
    },
    async cleanUp() {
      this.cleanUps++
    },
    async close(graceMs) {
      for (const deployment of deployments.values()) await deployment.stop(graceMs)
    },
  }
}
