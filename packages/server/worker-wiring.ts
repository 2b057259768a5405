import type { ServerLogger, ServerSettings } from './base/index.ts'
import type { WorkerFigures } from './metrics/index.ts'
import { createWorkerPools, type Environments, type WorkerPools } from './workers/index.ts'

/** Worker pools as the settings say; `null` if models run in the server's own thread. */
export function startWorkerPools(
  settings: ServerSettings,
  environments: Environments,
  log: ServerLogger,
  onChange: () => void,
  onDispatch: (inFlight: number) => void,
): WorkerPools | null {
  if (settings.parallelWorkers === 0) return null
  return createWorkerPools({
    workerCount: settings.parallelWorkers,
    kind: settings.workerKind,
    stopTimeoutMs: settings.parallelWorkersTimeoutMs,
    loadTimeoutMs: settings.modelLoadTimeoutMs,
    // Whoever counts memory gives each model as many workers as it needs.
    copies: loadsOnDemand(settings) ? { drainTimeoutMs: settings.shutdownTimeoutMs } : undefined,
    environments,
    log,
    onChange,
    onDispatch,
  })
}

function loadsOnDemand({ modelMemory, modelRuntime }: ServerSettings): boolean {
  return modelMemory !== undefined && modelRuntime === undefined
}

export async function workerFigures(workers: WorkerPools): Promise<readonly WorkerFigures[]> {
  const statistics = await workers.statistics()
  return statistics.map(({ kind, usage, ...worker }) => ({
    ...worker,
    usage:
      usage === undefined
        ? undefined
        : {
            memoryBytes: kind === 'thread' ? usage.heapBytes : usage.rssBytes,
            eventLoopUtilization: usage.utilisation,
          },
  }))
}
