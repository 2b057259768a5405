import { ServingError } from '@millrace/sdk'
import type { DeployDriver, Deployment, ServableSpec, ServableState } from '../../deploy/index.ts'
import { createMemoryDriver } from '../../deploy/memory-driver-fixture.ts'

/** A deployment that a test says the states of. */
export interface ControlledDeployment extends Deployment {
  readonly isStopped: boolean
  /** Of all replicas, which are others than before if they serve. */
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

/** The driver in memory, with what the manager's tests ask of it besides. */
export function createControlledDriver(
  /** Called with what was just deployed. Default: it serves at once. */
  begin: (deployment: ControlledDeployment) => void = deployment => deployment.set('Serving'),
): ControlledDriver {
  const deployments = new Map<string, ControlledDeployment>()
  const history: string[] = []
  let begunCount = 0
  let counted = Promise.withResolvers<void>()
  const memory = createMemoryDriver({
    isAnyRuntimeKnown: true,
    address: (_spec, start) => `127.0.0.1:${40_001 + start}`,
    // A real driver tells later, never within the call.
    onDeploy: ({ name }) =>
      setImmediate(() => {
        const deployment = deployments.get(name)
        if (deployment !== undefined) begin(deployment)
        begunCount++
        counted.resolve()
        counted = Promise.withResolvers()
      }),
  })

  const controlled = (spec: ServableSpec, deployment: Deployment): ControlledDeployment => {
    const { name } = spec
    let isStopped = false
    return {
      spec,
      get status() {
        return deployment.status
      },
      get replicas() {
        return deployment.replicas
      },
      get isStopped() {
        return isStopped
      },
      onChange: listener => deployment.onChange(listener),
      set: (state, message) => memory.set(name, { state, message: message ?? null }),
      say: line => memory.write(name, line),
      logs: options => deployment.logs(options),
      async stop(graceMs) {
        if (isStopped) return
        isStopped = true
        history.push(`-${name}`)
        deployments.delete(name)
        await deployment.stop(graceMs)
      },
    }
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
      const deployment = controlled(spec, memory.deploy(spec))
      deployments.set(spec.name, deployment)
      history.push(spec.name)
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
