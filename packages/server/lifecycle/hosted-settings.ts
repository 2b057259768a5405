import type { ModelSettings } from '@millrace/sdk'
import type { ModelVersionSettings } from '../repository/index.ts'

/** Settings of a model that no repository describes: nothing schedules it but itself. */
export function hostedSettings(settings: ModelSettings): ModelVersionSettings {
  return {
    ...settings,
    settingsFile: undefined,
    implementationOrigin: 'host',
    recognisedBy: undefined,
    maxBatchSize: 0,
    maxQueueDelayMs: 0,
    isCacheEnabled: false,
    allowsWorkers: false,
    loadTimeoutMs: undefined,
    maxConcurrentRequests: undefined,
    placement: 'server',
    warmUpFiles: [],
    warnings: [],
  }
}
