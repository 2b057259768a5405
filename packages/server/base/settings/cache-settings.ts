import type { ServerSettingsFields } from './server-settings-schema.ts'

/** How models share memory that is too small for all of them. */
export interface ModelMemorySettings {
  readonly budgetBytes: number
  readonly maxLoads: number
  readonly maxWaiting: number
  /** Undefined: models stay until others need their memory. */
  readonly idleMs: number | undefined
  /** Requests a minute of each copy of a model that bring a further one. */
  readonly copyRate: number
  /** 0: models give way however lately they were used. */
  readonly leastAgeMs: number
  readonly firstRetryMs: number
  readonly longestRetryMs: number
  readonly failureExpiryMs: number
}

/** Undefined without a budget. */
export function toModelMemorySettings(fields: ServerSettingsFields): ModelMemorySettings | undefined {
  const { model_memory_budget: budgetBytes, model_memory_idle: idle } = fields
  if (budgetBytes === null) return undefined
  return {
    budgetBytes,
    maxLoads: fields.model_memory_max_loads,
    maxWaiting: fields.model_memory_max_waiting,
    idleMs: idle === null ? undefined : toMs(idle),
    copyRate: fields.model_memory_copy_rate,
    leastAgeMs: toMs(fields.model_memory_churn_age),
    firstRetryMs: toMs(fields.model_memory_retry),
    longestRetryMs: toMs(fields.model_memory_longest_retry),
    failureExpiryMs: toMs(fields.model_memory_failure_expiry),
  }
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000)
}
