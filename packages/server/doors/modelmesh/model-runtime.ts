import { ServingError } from '@millrace/sdk'
import { HYDROSPHERE_PREDICT_PATHS, loadModelMesh } from '@millrace/sdk/protocol'
import type { ModelRegistry, ModelSizes, ServerPhase } from '../../lifecycle/index.ts'
import type { MeshModels } from '../../repository/index.ts'
import type { GrpcMethod } from '../../transport/index.ts'
import type { RuntimeFigures } from './runtime-figures.ts'
import { createRuntimeModels } from './runtime-models.ts'
import { createSizePrediction } from './size-prediction.ts'
import { unary } from './unary-method.ts'

export interface ModelRuntimeOptions {
  readonly registry: Pick<ModelRegistry, 'load' | 'unload' | 'loaded' | 'forget'>
  readonly models: MeshModels
  readonly sizes: Pick<ModelSizes, 'predict'>
  readonly phase: Pick<ServerPhase, 'isServing'>
  readonly figures: RuntimeFigures
  /** Requests that a model without `max_concurrent_requests` of its own takes at once. */
  readonly maxActivePerModel: number
  /** How long a poll of a mesh may wait for models of an earlier one to go. Default: a second. */
  readonly purgeWaitMs?: number
}

/**
 * Where the id of the model stands in the messages of each method that a mesh lets clients call: numbers of fields. Methods
 * that are not here are no affair of a mesh's clients, above all those that load and unload models.
 */
export const MESH_METHODS: ReadonlyMap<string, readonly number[]> = new Map([
  ['inference.GRPCInferenceService/ModelInfer', [1]],
  ['inference.GRPCInferenceService/ModelMetadata', [1]],
  ['inference.GRPCInferenceService/ModelReady', [1]],
  [HYDROSPHERE_PREDICT_PATHS.G2.slice(1), [1, 1]],
  // Its messages name no model; the metadata does.
  [HYDROSPHERE_PREDICT_PATHS.G3.slice(1), []],
])

const PURGE_WAIT_MS = 1000
const MAX_UINT32 = 2 ** 32 - 1

/**
 * `mmesh.ModelRuntime`: a mesh loads and unloads models here, and asks for their sizes. Every question for the status is
 * that of a mesh that starts, so that nothing of an earlier one is left when it is answered with READY.
 */
export async function modelRuntimeMethods(
  options: ModelRuntimeOptions,
): Promise<ReadonlyMap<string, GrpcMethod>> {
  const { registry, models, figures } = options
  const { modelRuntime: messages } = await loadModelMesh()
  const { RuntimeStatusResponse_Status: Status } = messages
  const held = createRuntimeModels({ registry, models })
  const prediction = createSizePrediction({
    models,
    sizes: options.sizes,
    defaultBytes: figures.defaultModelBytes,
  })
  const purge = createPurge(() => held.purge(), options.purgeWaitMs ?? PURGE_WAIT_MS)

  return new Map<string, GrpcMethod>([
    [
      '/mmesh.ModelRuntime/loadModel',
      {
        ...unary(
          messages.LoadModelRequestSchema,
          messages.LoadModelResponseSchema,
          async (request, { signal }) => {
            const id = idOf(request)
            const info = infoOf(request)
            await held.load(id, info, signal)
            const { bytes, maxConcurrency } = loadedFigures(registry, id, options.maxActivePerModel)
            await prediction.learn(id, info, bytes).catch(ignore)
            return {
              sizeInBytes: BigInt(bytes),
              maxConcurrency: figures.limitsModelConcurrency ? maxConcurrency : 0,
            }
          },
        ),
        // The mesh cancels what takes longer than it was told.
        hasOwnTimeLimit: true,
      },
    ],
    [
      '/mmesh.ModelRuntime/unloadModel',
      {
        ...unary(messages.UnloadModelRequestSchema, messages.UnloadModelResponseSchema, async request => {
          await held.unload(idOf(request))
          return {}
        }),
        hasOwnTimeLimit: true,
        isExemptFromLimits: true,
      },
    ],
    [
      '/mmesh.ModelRuntime/predictModelSize',
      unary(
        messages.PredictModelSizeRequestSchema,
        messages.PredictModelSizeResponseSchema,
        async (request, { signal }) => ({
          sizeInBytes: BigInt(await prediction.predict(idOf(request), infoOf(request), signal)),
        }),
      ),
    ],
    [
      '/mmesh.ModelRuntime/modelSize',
      {
        ...unary(
          messages.ModelSizeRequestSchema,
          messages.ModelSizeResponseSchema,
          async (request, { signal }) => {
            const id = idOf(request)
            await held.loaded(id, signal)
            return { sizeInBytes: BigInt(loadedFigures(registry, id, options.maxActivePerModel).bytes) }
          },
        ),
        hasOwnTimeLimit: true,
        isExemptFromLimits: true,
      },
    ],
    [
      '/mmesh.ModelRuntime/runtimeStatus',
      {
        ...unary(messages.RuntimeStatusRequestSchema, messages.RuntimeStatusResponseSchema, async () => {
          const isReady = options.phase.isServing && (await purge.isDone())
          return {
            status: isReady ? Status.READY : Status.STARTING,
            capacityInBytes: BigInt(figures.capacityBytes),
            maxLoadingConcurrency: figures.maxLoadingConcurrency,
            modelLoadingTimeoutMs: figures.loadTimeoutMs,
            defaultModelSizeInBytes: BigInt(figures.defaultModelBytes),
            runtimeVersion: figures.version,
            methodInfos: Object.fromEntries(
              Array.from(MESH_METHODS, ([method, path]) => [method, { idInjectionPath: [...path] }]),
            ),
            limitModelConcurrency: figures.limitsModelConcurrency,
            allowAnyMethod: false,
          }
        }),
        isExemptFromLimits: true,
      },
    ],
  ])
}

/** What a mesh has to know of a model that has just loaded. */
function loadedFigures(
  registry: Pick<ModelRegistry, 'loaded'>,
  id: string,
  maxActivePerModel: number,
): { readonly bytes: number; readonly maxConcurrency: number } {
  const instances = registry.loaded(id, undefined).flatMap(({ instance }) => instance ?? [])
  return {
    bytes: instances.reduce((sum, { memory }) => sum + memory.bytes, 0),
    // Of several versions the narrowest: a mesh knows nothing of versions.
    maxConcurrency: instances.reduce(
      (least, { settings }) => Math.min(least, settings.maxConcurrentRequests ?? maxActivePerModel),
      MAX_UINT32,
    ),
  }
}

/** A purge that goes on while polls that have waited long enough are told to come again. */
function createPurge(purge: () => Promise<void>, waitMs: number): { isDone(): Promise<boolean> } {
  let purging: Promise<boolean> | null = null
  return {
    async isDone() {
      purging ??= purge()
        .then(() => true)
        .finally(() => {
          purging = null
        })
      const { promise: late, resolve } = Promise.withResolvers<boolean>()
      const timer = setTimeout(() => resolve(false), waitMs)
      try {
        return await Promise.race([purging, late])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function idOf({ modelId }: { readonly modelId: string }): string {
  if (modelId !== '') return modelId
  throw new ServingError('INVALID_ARGUMENT', 'modelId is empty; allowed is the id of a model')
}

function infoOf({
  modelType: type,
  modelPath: path,
  modelKey: key,
}: {
  readonly modelType: string
  readonly modelPath: string
  readonly modelKey: string
}) {
  return { type, path, key }
}

function ignore(): void {}
