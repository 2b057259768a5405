import type { ServableSpec } from '../../deploy/index.ts'
import type { DeploymentConfigurationRecord, ModelVersionRecord, StringMap } from '../../store/index.ts'
import type { DeployableModel } from '../models/deployable-model.ts'
import { requireQuantity } from './require-quantity.ts'

/** What the driver says itself; a configuration's values of them are not used. */
const RESERVED_VARIABLES: readonly string[] = ['APP_PORT', 'MODEL_DIR']

interface PlannedServable {
  readonly spec: ServableSpec
  /** What the configuration says and no driver is told, for the log. */
  readonly notApplied: readonly string[]
}

/** @throws ServingError INVALID_ARGUMENT for limits that are no quantities */
export function planServable(
  name: string,
  version: ModelVersionRecord,
  configuration: DeploymentConfigurationRecord | undefined,
  { modelFolder, runtime, environment }: DeployableModel,
): PlannedServable {
  const { container, pod, deployment, hpa } = configuration?.settings ?? {}
  const limits = container?.resources?.limits ?? {}
  const env: StringMap = container?.env ?? {}
  const notApplied = [
    ...RESERVED_VARIABLES.filter(variable => Object.hasOwn(env, variable)).map(key => `container.env.${key}`),
    ...Object.keys(limits)
      .filter(resource => resource !== 'memory' && resource !== 'cpu')
      .map(resource => `container.resources.limits.${resource}`),
    ...(container?.resources?.requests ? ['container.resources.requests'] : []),
    ...(pod === undefined ? [] : ['pod']),
    ...(hpa === undefined ? [] : ['hpa']),
  ]
  const { memory, cpu } = limits
  return {
    spec: {
      name,
      modelName: version.modelName,
      modelVersion: version.version,
      modelFolder,
      runtime,
      replicas: deployment?.replicaCount ?? 1,
      environment: Object.fromEntries(
        Object.entries({ ...environment, ...env }).filter(
          ([variable]) => !RESERVED_VARIABLES.includes(variable),
        ),
      ),
      limits: {
        memoryBytes:
          memory === undefined
            ? undefined
            : Math.ceil(requireQuantity(memory, 'container.resources.limits.memory')),
        cpus: cpu === undefined ? undefined : requireQuantity(cpu, 'container.resources.limits.cpu'),
      },
      isPinned: (hpa?.minReplicas ?? 0) > 0,
    },
    notApplied,
  }
}
