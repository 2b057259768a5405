import type { ModelMemorySettings, ServerLogger, ServerSettings, Variables } from './base/index.ts'
import { createDemandLoading, createModelCatalogue, type DemandLoading } from './cache/index.ts'
import {
  createModelRegistry,
  createModelSizes,
  createPlacementMemory,
  createScheduling,
  type ModelEntry,
  type ModelRegistry,
  type ModelSizes,
  type ServerPhase,
} from './lifecycle/index.ts'
import type { ServerMetrics } from './metrics/index.ts'
import {
  createDescribedRepository,
  createMeshModels,
  createModelStager,
  createRepository,
  type DescribedModel,
  type MeshModels,
  type ModelRepository,
  meshPlaces,
  stageArtefact,
} from './repository/index.ts'
import type { Environments, WorkerPools } from './workers/index.ts'

export interface ModelWiringOptions {
  readonly settings: ServerSettings
  /** See `ServeOptions`. */
  readonly root: string | null
  /** See `ServeOptions`. */
  readonly models: readonly DescribedModel[] | undefined
  /** Variables that may describe models. */
  readonly environment: Variables
  readonly environments: Environments
  readonly workers: WorkerPools | null
  readonly metrics: ServerMetrics
  readonly phase: ServerPhase
  readonly log: ServerLogger
}

/** Which models there are, and which of them are loaded. */
export interface ModelWiring {
  /** The folder's models, or those that were described. */
  readonly repository: ModelRepository
  /** The same, and those that a mesh adds. */
  readonly meshModels: MeshModels
  readonly sizes: ModelSizes
  /** `null` where every model that is loaded stays. */
  readonly demand: DemandLoading | null
  /** Through the cache if there is one. */
  readonly registry: ModelRegistry
}

export function wireModels(options: ModelWiringOptions): ModelWiring {
  const { settings, root, models, environment, environments, workers, metrics, phase, log } = options
  const stager = createModelStager({
    cacheFolder: settings.modelCacheFolder,
    maxBytes: settings.modelDownloadMaxBytes,
    environment,
    inUse: () => registry.loaded(undefined, undefined).flatMap(pathsOf),
  })
  const repository =
    root === null || models !== undefined
      ? createDescribedRepository(models ?? [], environment)
      : createRepository({ settings, root, environment, stager, signal: phase.stopping, log })
  const sizes = createModelSizes()
  const memory = sharedMemory(settings, log)
  const catalogue = memory === undefined ? null : createModelCatalogue(repository)
  const meshModels = createMeshModels({
    base: catalogue ?? repository,
    environment,
    ...meshPlaces(settings, root, environment),
    stager,
    signal: phase.stopping,
    log,
  })
  const loading: ModelRegistry = createModelRegistry({
    repository: meshModels,
    log,
    metricsOf: metrics.customMetricsOf,
    instances: {
      sizes,
      loadTimeoutMs: settings.modelLoadTimeoutMs,
      stage: async (model, context) => ({
        ...(await stageArtefact(model, stager, context)),
        allowsPickle: settings.allowsPickle,
        workerCount: settings.parallelWorkers,
      }),
      workers,
      environments,
      // Only there do models come back again and again.
      placements: memory === undefined ? undefined : createPlacementMemory(),
      schedule: createScheduling({
        workerCount: settings.parallelWorkers,
        maxQueueRequests: settings.maxQueueRequests,
        maxQueueBytes: settings.maxQueueBytes,
        log,
        metrics: metrics.scheduling,
        statisticsOf: metrics.statisticsOf,
      }),
    },
    onLoaded: ({ settings: { name, version }, placement, loadMs }) =>
      metrics.scheduling.modelLoaded(name, version, placement.place, loadMs),
    onUnloaded: metrics.modelUnloaded,
    drainTimeoutMs: settings.shutdownTimeoutMs,
  })
  const demand =
    memory === undefined || catalogue === null
      ? null
      : createDemandLoading({
          settings: memory,
          loadsPinned: settings.loadsModelsAtStartup,
          registry: loading,
          catalogue,
          meshModels,
          sizes,
          metrics,
          drainTimeoutMs: settings.shutdownTimeoutMs,
          log,
        })
  const registry: ModelRegistry = demand?.registry ?? loading
  return { repository, meshModels, sizes, demand, registry }
}

/** Undefined where every model stays loaded: in another ModelMesh, that one decides which do. */
function sharedMemory(
  { modelMemory, modelRuntime }: ServerSettings,
  log: ServerLogger,
): ModelMemorySettings | undefined {
  if (modelMemory === undefined || modelRuntime === undefined) return modelMemory
  log.warn(
    'model_memory_budget has no effect: model_runtime_endpoint is set, and the mesh loads and unloads models',
  )
  return undefined
}

/** What a loaded model reads from the disk. */
function pathsOf({ instance }: ModelEntry): readonly string[] {
  return instance === null ? [] : [instance.settings.folder, instance.settings.uri]
}
