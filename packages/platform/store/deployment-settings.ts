import type { StringMap } from './records.ts'

/** How a servable runs, as the manager's JSON shows it and as it is stored; what is not said is left out. */
export interface DeploymentSettings {
  readonly container?: ContainerSettings
  readonly pod?: PodSettings
  readonly deployment?: { readonly replicaCount: number }
  readonly hpa?: ScalingSettings
}

export interface ContainerSettings {
  readonly resources?: { readonly limits?: StringMap; readonly requests?: StringMap }
  readonly env?: StringMap
}

export interface PodSettings {
  readonly nodeSelector?: StringMap
  /** As Kubernetes has it. */
  readonly affinity?: Readonly<Record<string, unknown>>
  readonly tolerations: readonly Toleration[]
}

export interface Toleration {
  readonly key?: string
  readonly operator: 'Equal' | 'Exists'
  readonly value?: string
  readonly effect?: string
  readonly tolerationSeconds?: number
}

export interface ScalingSettings {
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly cpuUtilization?: number
}
