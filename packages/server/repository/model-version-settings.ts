import type { ModelSettings } from '@millrace/sdk'

/** What a repository knows about one model version: the model's settings, and what only the server needs. */
export interface ModelVersionSettings extends ModelSettings {
  /** Absolute path of the settings file; undefined for a model that only variables describe. */
  readonly settingsFile: string | undefined
  /** Where `implementation` was set: the path of a file, or `environment MLSERVER_MODEL_IMPLEMENTATION`. */
  readonly implementationOrigin: string
  /** What shows that the implementation is this one, where nobody set it. */
  readonly recognisedBy: string | undefined
  /** Rows joined to one call; 0 and 1 turn batching off. */
  readonly maxBatchSize: number
  /** How long a request waits for others to join it (`max_batch_time`); 0 turns batching off. */
  readonly maxQueueDelayMs: number
  readonly isCacheEnabled: boolean
  /** False for a model that asked to stay out of workers (`parallel_workers` of 0 or less). */
  readonly allowsWorkers: boolean
  /** Undefined: the server's `model_load_timeout`. */
  readonly loadTimeoutMs: number | undefined
  /** Undefined: three quarters of the server's `max_concurrent_requests`. */
  readonly maxConcurrentRequests: number | undefined
  readonly placement: 'auto' | 'worker' | 'server'
  /** Never unloaded for others, where models share memory; undefined: it may be. */
  readonly isPinned?: boolean
  /** Models of a lower one are unloaded first; undefined: 0. */
  readonly memoryPriority?: number
  /** Undefined: the server's `model_memory_idle`. */
  readonly memoryIdleMs?: number | undefined
  /** Absolute paths of files with one JSON request each. */
  readonly warmUpFiles: readonly string[]
  /** Unknown fields, and fields that are set but have no effect. */
  readonly warnings: readonly string[]
}
