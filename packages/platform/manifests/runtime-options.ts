import type { EnvironmentVariable, ModelFormat } from './serving-runtime.ts'

/** What a manifest for an image with a custom runtime is made from. */
export interface RuntimeOptions {
  /** Of the resource; a label of RFC 1123. */
  readonly name: string
  readonly namespace?: string | undefined
  /** A `ClusterServingRuntime`, for all namespaces. Default: false. */
  readonly isForCluster?: boolean
  readonly image: string
  readonly formats: readonly ModelFormat[]
  /** What the models' settings name as `implementation` where they have none, as the image knows it. */
  readonly implementation: string | undefined
  /** What the container runs; default: what the image does by itself. */
  readonly command: readonly string[] | undefined
  /** Put behind the variables that the manifest sets, and over those of the same name. */
  readonly environment?: readonly EnvironmentVariable[]
  readonly resources: RuntimeResources
  /** Logs more, and runs models in the server's own thread. */
  readonly isDebugging?: boolean
  /** Pods; default: what ModelMesh is configured for. */
  readonly replicas?: number | undefined
  /** Loads at once in one pod. Default: 1. */
  readonly loadingConcurrency?: number | undefined
}

export interface RuntimeResources {
  readonly cpuRequest: string
  readonly cpuLimit: string
  readonly memoryRequest: string
  readonly memoryLimit: string
}

/** Joins variables; of two with one name the later counts, at the earlier's place. */
export function joinVariables(
  ...lists: readonly (readonly EnvironmentVariable[])[]
): readonly EnvironmentVariable[] {
  const byName = new Map<string, EnvironmentVariable>()
  for (const list of lists) for (const variable of list) byName.set(variable.name, variable)
  return [...byName.values()]
}

/** Variables for looking into a runtime that does not do what it should. */
export const DEBUG_VARIABLES: readonly EnvironmentVariable[] = [
  { name: 'MLSERVER_DEBUG', value: 'true' },
  // Errors and the debugger's breakpoints are easier to follow in one process.
  { name: 'MLSERVER_MODEL_PARALLEL_WORKERS', value: '0' },
]

export function containerResources({ cpuRequest, cpuLimit, memoryRequest, memoryLimit }: RuntimeResources) {
  return {
    requests: { cpu: cpuRequest, memory: memoryRequest },
    limits: { cpu: cpuLimit, memory: memoryLimit },
  }
}

export function metadataOf(
  { name, namespace }: RuntimeOptions,
  annotations: Readonly<Record<string, string>> = {},
) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  }
}
