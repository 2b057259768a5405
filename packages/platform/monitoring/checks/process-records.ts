import { setTimeout as pause } from 'node:timers/promises'
import { type Logger, ServingError } from '@millrace/sdk'
import type { Store } from '../../store/index.ts'
import { alertsOf } from '../alerts/alert.ts'
import type { AlertSender } from '../alerts/alert-sender.ts'
import type { KnownVersions } from '../known-versions.ts'
import type { MonitoringLimits } from '../monitoring-limits.ts'
import type { KeptRecord } from '../records/kept-record.ts'
import type { RecordQueue } from '../records/record-queue.ts'
import type { WatchedMetrics } from '../watched-metrics.ts'
import { createCallSlots } from './call-slots.ts'
import { type CheckedRequest, checkRequest } from './check-document.ts'
import { type AskServable, checkMetric, type MetricView } from './metric-checks.ts'
import type { TrainingRangesOf } from './training-ranges.ts'
import type { VersionFigures } from './version-figures.ts'

export interface ProcessingParts {
  readonly store: Pick<Store, 'checks'>
  readonly log: Logger
  readonly limits: MonitoringLimits
  readonly queue: RecordQueue
  readonly versions: KnownVersions
  readonly metrics: WatchedMetrics
  readonly ask: AskServable
  readonly rangesOf: TrainingRangesOf
  readonly alerts: AlertSender | null
  readonly figures: VersionFigures
  /** Gets what was looked at, once it is written. It must not throw. */
  readonly observe: (records: readonly KeptRecord[]) => void
}

export interface Processing {
  readonly storedCount: number
  /** Looked at, and not to be written. */
  readonly lostCount: number
  readonly metricErrorCount: number
  /** Settles when the queue has ended and all of it is written, or given up. */
  readonly done: Promise<void>
  /** Ends whatever is under way. */
  abort(): void
}

const DEFAULT_BATCH_SIZE = 100
/** All metrics of what is looked at together have this many times as long as one: many are slower than one. */
const METRIC_ROUNDS = 3
const RETRY_MIN_MS = 500
const RETRY_MAX_MS = 30_000
/** Requests that are looked at without letting others have the thread. */
const CHECK_AT_ONCE = 16

/** Looks at what is in the queue, and writes what it finds, until the queue is ended. */
export function processRecords(parts: ProcessingParts): Processing {
  const { limits, queue, log } = parts
  const aborting = new AbortController()
  const slots = createCallSlots(limits.maxMetricCalls)
  const figures = { stored: 0, lost: 0, metricErrors: 0 }

  const metricsOf = async (record: KeptRecord, signal: AbortSignal) => {
    if (record.error !== null) return []
    const specifications = parts.metrics.of(record.servable.modelVersionId)
    return Promise.all(
      specifications.map(async specification => {
        const view = await slots.run(() =>
          checkMetric(specification, record, {
            ask: parts.ask,
            signal,
            timeoutMs: limits.metricTimeoutMs,
            maxBytes: limits.maxMetricBytes,
          }),
        )
        if (view.error !== undefined) figures.metricErrors++
        return [specification.name, view] as const
      }),
    )
  }
  const check = async (record: KeptRecord, metrics: readonly (readonly [string, MetricView])[]) => {
    const { modelVersionId } = record.servable
    const version = await parts.versions.get(modelVersionId)
    const ranges = record.error === null ? await parts.rangesOf(modelVersionId) : undefined
    const batchSize = version?.monitoringConfiguration?.batchSize ?? DEFAULT_BATCH_SIZE
    return checkRequest(record, { ranges, metrics, batchSize }, limits)
  }
  const checkAll = async (records: readonly KeptRecord[]) => {
    const signal = AbortSignal.any([
      aborting.signal,
      AbortSignal.timeout(METRIC_ROUNDS * limits.metricTimeoutMs),
    ])
    const metrics = await Promise.all(records.map(record => metricsOf(record, signal)))
    const checked: CheckedRequest[] = []
    for (const [index, record] of records.entries()) {
      if (index % CHECK_AT_ONCE === CHECK_AT_ONCE - 1) await new Promise(resolve => setImmediate(resolve))
      checked.push(await check(record, metrics[index]!))
    }
    return checked
  }
  const write = async (checked: readonly CheckedRequest[]) => {
    const { storedCount } = await parts.store.checks.append(
      checked.map(({ check }) => check),
      { perVersion: limits.keptRequests },
    )
    figures.stored += storedCount
    figures.lost += checked.length - storedCount
  }
  const handle = async (records: readonly KeptRecord[]) => {
    const checked = await untilAvailable(() => checkAll(records), aborting.signal, log)
    await untilAvailable(() => write(checked), aborting.signal, log)
    for (const [index, record] of records.entries()) parts.figures.add(record, checked[index]!)
    parts.alerts?.send(records.flatMap((record, index) => alertsOf(record, checked[index]!)))
    parts.observe(records)
  }
  const run = async () => {
    let nextMs = 0
    while (!aborting.signal.aborted) {
      await queue.untilFilled(1)
      if (queue.length === 0) return
      const restMs = nextMs - performance.now()
      // Each write is a transaction and a message to who writes it, so several requests share one.
      if (restMs > 0 && !queue.isEnded) await gather(queue, limits.maxBatchRecords, restMs)
      nextMs = performance.now() + limits.writeIntervalMs
      const records = queue.take(limits.maxBatchRecords)
      try {
        await handle(records)
      } catch (error) {
        figures.lost += records.length
        if (!aborting.signal.aborted)
          log.error('requests could not be monitored', { error, lostCount: figures.lost })
      }
    }
  }
  return {
    done: run(),
    abort: () => aborting.abort(new ServingError('UNAVAILABLE', 'monitoring is stopping')),
    get storedCount() {
      return figures.stored
    },
    get lostCount() {
      return figures.lost
    },
    get metricErrorCount() {
      return figures.metricErrors
    },
  }
}

/** Waits until the queue has so many, has ended, or the time has passed. */
async function gather(queue: RecordQueue, count: number, ms: number): Promise<void> {
  const passed = new AbortController()
  const time = pause(ms, undefined, { signal: passed.signal }).catch(() => undefined)
  await Promise.race([queue.untilFilled(count), time])
  passed.abort()
}

/** Tries until the database is there, ever more seldom. Rejects with what else is wrong. */
async function untilAvailable<T>(work: () => Promise<T>, signal: AbortSignal, log: Logger): Promise<T> {
  for (let delayMs = RETRY_MIN_MS; ; delayMs = Math.min(2 * delayMs, RETRY_MAX_MS)) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted || !ServingError.is(error) || error.code !== 'UNAVAILABLE') throw error
      if (delayMs === RETRY_MIN_MS) log.warn('monitoring waits for the database', { error })
      await pause(delayMs, undefined, { signal, ref: false })
    }
  }
}
