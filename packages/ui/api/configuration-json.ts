type Resources = Readonly<Record<string, string>>

/** How servables run that name it. It never changes. */
export interface ConfigurationJson {
  readonly name: string
  readonly container?: {
    readonly resources?: { readonly limits?: Resources | null; readonly requests?: Resources | null } | null
    readonly env?: Readonly<Record<string, string>> | null
  } | null
  /** As Kubernetes writes it. */
  readonly pod?: Readonly<Record<string, unknown>> | null
  readonly deployment?: { readonly replicaCount: number } | null
  readonly hpa?: {
    readonly minReplicas: number
    readonly maxReplicas: number
    readonly cpuUtilization?: number | null
  } | null
}

/** The one of servables that name none; it is always there. */
export const DEFAULT_CONFIGURATION = 'hydrosphere_manager_default'
