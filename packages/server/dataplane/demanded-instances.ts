import { ServingError } from '@millrace/sdk'
import type { DemandedModels } from '../cache/index.ts'
import type { ModelInstance, ModelRegistry } from '../lifecycle/index.ts'

/** Instances of models that may have to be loaded first. */
export interface DemandedInstances {
  /**
   * The instance of a model that is loaded, which counts as a use of it; undefined for one that is not.
   * @throws ServingError UNAVAILABLE for one that is loaded and not ready
   */
  now(name: string, version: string | undefined): ModelInstance | undefined
  /**
   * The same when it has been loaded.
   * @throws ServingError what keeps it from being loaded, NOT_FOUND for an unknown model or version
   */
  later(name: string, version: string | undefined, signal: AbortSignal | undefined): Promise<ModelInstance>
}

/** A model that goes again before it could be asked is loaded so often for one request. */
const MAX_LOADS = 8

export function createDemandedInstances(registry: ModelRegistry, models: DemandedModels): DemandedInstances {
  return {
    now(name, version) {
      const instance = registry.lookUp(name, version)?.instance
      if (instance === null || instance === undefined) return undefined
      models.touch(name)
      return instance.bound.model.isReady ? instance : registry.ready(name, version)
    },
    async later(name, version, signal) {
      for (let loads = 0; loads <= MAX_LOADS; loads++) {
        const instance = registry.lookUp(name, undefined)?.instance
        // Or the model is there, and has no such version.
        if (instance !== null && instance !== undefined) return registry.ready(name, version)
        if (loads === MAX_LOADS) break
        await models.repair(name)
        await models.ensureLoaded(name, signal === undefined ? {} : { signal })
      }
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `Model ${name} was unloaded for others ${MAX_LOADS} times before it could answer; the memory for models (model_memory_budget) is too small for what is asked at once`,
        { retryAfterMs: 1000, httpStatus: 503 },
      )
    },
  }
}
