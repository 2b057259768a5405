import { totalmem } from 'node:os'
import { ServingError } from '@millrace/sdk'
import type { ModelRuntimeSettings } from '../../base/index.ts'

/** What a mesh is told once, when it starts. */
export interface RuntimeFigures {
  readonly capacityBytes: number
  readonly defaultModelBytes: number
  readonly maxLoadingConcurrency: number
  readonly loadTimeoutMs: number
  readonly limitsModelConcurrency: boolean
  readonly version: string
}

const MIB = 1024 * 1024
/** Shorter times a mesh takes for a mistake, and does not start. */
const LEAST_LOAD_TIMEOUT_MS = 100

/**
 * @param measuredBytes what models and the server may take together; default: the memory of the container, or of the
 * machine
 * @throws ServingError INVALID_ARGUMENT for a capacity that no mesh would start with
 */
export function runtimeFigures(
  settings: ModelRuntimeSettings,
  { loadTimeoutMs, version }: Pick<RuntimeFigures, 'loadTimeoutMs' | 'version'>,
  measuredBytes = availableBytes(),
): RuntimeFigures {
  const { defaultModelBytes, memoryBufferBytes } = settings
  const capacityBytes = settings.capacityBytes ?? Math.max(measuredBytes - memoryBufferBytes, 0)
  const least = Math.max(2 * defaultModelBytes, Math.min(512 * MIB, 10 * defaultModelBytes))
  if (capacityBytes < least) {
    const what =
      settings.capacityBytes === undefined
        ? `the memory of ${measuredBytes} bytes without model_runtime_memory_buffer (${memoryBufferBytes})`
        : 'model_runtime_capacity'
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${what} is ${capacityBytes} bytes; ModelMesh needs ${least} for a model_runtime_default_size of ${defaultModelBytes}`,
    )
  }
  return {
    capacityBytes,
    defaultModelBytes,
    maxLoadingConcurrency: settings.maxLoadingConcurrency,
    loadTimeoutMs: Math.max(Math.ceil(loadTimeoutMs), LEAST_LOAD_TIMEOUT_MS),
    limitsModelConcurrency: settings.limitsModelConcurrency,
    version,
  }
}

/** The limit of the container; without one, or with one beyond it, the memory of the machine. */
function availableBytes(): number {
  const limit = process.constrainedMemory()
  const total = totalmem()
  return limit > 0 && limit < total ? limit : total
}
