import { type LoadContext, ServingError } from '@millrace/sdk'
import type { Description } from '../channel/index.ts'
import { createMetricForwarder } from './metric-forwarder.ts'
import { type ProcessOptions, type PythonProcess, startPythonProcess } from './python-process.ts'
import { residentBytes } from './resident-memory.ts'

/**
 * The processes of one model, all alike. Where several models are to share processes one day, this is the seam: a model
 * knows only what is here.
 */
export interface PythonPool {
  readonly description: Description
  /** The process with the fewest calls. @throws ServingError UNAVAILABLE while there is none */
  pick(): PythonProcess
  /** What all processes take of memory together, without programs that models start; undefined where the system does not tell. */
  residentBytes(): number | undefined
  /** Ends every process; fulfilled when all are gone. */
  close(): Promise<void>
}

export interface PoolOptions extends Pick<ProcessOptions, 'modelName' | 'interpreter' | 'spec'> {
  readonly processCount: number
  readonly context: LoadContext
  /** Told whenever the first process is there again, or the last one is gone. */
  readonly onReadyChange: (isReady: boolean) => void
}

const BACKOFF_FIRST_MS = 200
const BACKOFF_MAX_MS = 30_000
/** A process that lived as long as this begins with the shortest wait again. */
const LIVED_WELL_MS = 60_000

/**
 * Starts the processes side by side. One that ends by itself later is replaced, after a wait that doubles from time to
 * time, while the others go on.
 * @throws what the first of them failed with; none is left then
 */
export async function openPythonPool(options: PoolOptions): Promise<PythonPool> {
  const { modelName, processCount, context, onReadyChange } = options
  const forwardMetrics = createMetricForwarder(context.metrics, context.log)
  const closing = new AbortController()
  const ready = new Set<PythonProcess>()
  const replacements = new Set<Promise<void>>()
  let lastEnd = ''

  const start = (signal: AbortSignal): Promise<PythonProcess> =>
    startPythonProcess({ ...options, forwardMetrics, signal })

  const enter = (child: PythonProcess, attempt: number): void => {
    const startedMs = performance.now()
    ready.add(child)
    if (ready.size === 1) onReadyChange(true)
    void child.exited.then(how => {
      ready.delete(child)
      if (closing.signal.aborted) return
      lastEnd = how
      if (ready.size === 0) onReadyChange(false)
      context.log.error(`The Python process of model ${modelName} ended with ${how}; it is replaced`, {
        pid: child.pid,
      })
      const lived = performance.now() - startedMs
      const replacing = replace(lived >= LIVED_WELL_MS ? 0 : attempt + 1)
      replacements.add(replacing)
      void replacing.finally(() => replacements.delete(replacing))
    })
  }

  const replace = async (attempt: number): Promise<void> => {
    for (let tries = attempt; !closing.signal.aborted; tries++) {
      await wait(Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, tries - 1)), closing.signal)
      if (closing.signal.aborted) return
      try {
        const child = await start(closing.signal)
        if (closing.signal.aborted) {
          await child.end()
          return
        }
        context.log.info(`A Python process of model ${modelName} is back`, { pid: child.pid })
        enter(child, tries)
        return
      } catch (error) {
        if (closing.signal.aborted) return
        const problem = error instanceof Error ? error.message : String(error)
        context.log.error(`A Python process of model ${modelName} could not be replaced: ${problem}`)
      }
    }
  }

  const failed = new AbortController()
  const started = await Promise.allSettled(
    Array.from({ length: processCount }, async () => {
      try {
        return await start(AbortSignal.any([context.signal, failed.signal]))
      } catch (error) {
        // The others are not waited for, and fail with the same.
        failed.abort(error)
        throw error
      }
    }),
  )
  const children = started.filter(result => result.status === 'fulfilled').map(({ value }) => value)
  const failure = started.find(result => result.status === 'rejected')
  if (failure !== undefined) {
    await Promise.all(children.map(child => child.end()))
    throw failed.signal.reason
  }
  const { description } = children[0]!
  for (const child of children) enter(child, 0)

  return {
    description,
    pick() {
      let chosen: PythonProcess | undefined
      let fewest = Number.POSITIVE_INFINITY
      for (const child of ready) {
        const calls = child.inFlight()
        if (calls >= fewest) continue
        chosen = child
        fewest = calls
      }
      if (chosen !== undefined) return chosen
      throw new ServingError(
        'UNAVAILABLE',
        `Model ${modelName} has no Python process: the last one ended with ${lastEnd} and is being replaced`,
        { retryAfterMs: 1000 },
      )
    },
    residentBytes() {
      if (ready.size === 0) return undefined
      let total = 0
      for (const { pid } of ready) {
        const bytes = residentBytes(pid)
        if (bytes === undefined) return undefined
        total += bytes
      }
      return total
    },
    async close() {
      closing.abort()
      await Promise.all([...Array.from(ready, child => child.end()), ...replacements])
    },
  }
}

/** Ends early when the signal aborts. */
function wait(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, delayMs)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
