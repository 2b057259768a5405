import { type Logger, ServingError } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import type { Store } from '../store/index.ts'
import { createAlertSender } from './alerts/alert-sender.ts'
import type { AskServable } from './checks/metric-checks.ts'
import { processRecords } from './checks/process-records.ts'
import { createVersionFigures } from './checks/version-figures.ts'
import { monitoringMethods } from './grpc/monitoring-methods.ts'
import type { MonitoringMethod } from './grpc-method.ts'
import { monitoringRoutes } from './http/monitoring-routes.ts'
import { createKnownVersions } from './known-versions.ts'
import { type Figure, monitoringFigures } from './monitoring-figures.ts'
import { completeLimits, type MonitoringLimits } from './monitoring-limits.ts'
import { createDataProfiles } from './profiles/data-profiles.ts'
import { keepRecord, type WatchedRequest } from './records/kept-record.ts'
import { createRecordQueue } from './records/record-queue.ts'
import type { FetchObject } from './training/object-address.ts'
import { createTrainingData } from './training/training-data.ts'
import { followMetrics } from './watched-metrics.ts'

export interface MonitoringOptions {
  /** Stays the caller's: it is closed after monitoring. */
  readonly store: Store
  /** How the servables of metrics are asked. */
  readonly ask: AskServable
  readonly log: Logger
  /** Where alerts are posted. Default: nowhere. */
  readonly alertmanagerUrl?: string | undefined
  /** Reads training data that lies elsewhere. Default: it is refused. */
  readonly fetchObject?: FetchObject | undefined
  /** What `/monitoring/buildinfo` shows. */
  readonly buildInfo: { readonly version: string }
  readonly limits?: Partial<MonitoringLimits> | undefined
}

/** Looks at what models are asked and answer, behind those who ask them. */
export interface Monitoring {
  /** Returns at once and never throws; what does not fit is left out and counted. */
  readonly record: (request: WatchedRequest) => void
  /** Adds `/monitoring/…` and `/stat/…`. */
  readonly routes: (app: FastifyInstance) => void
  /** gRPC methods by full path. */
  readonly methods: ReadonlyMap<string, MonitoringMethod>
  readonly statistics: () => MonitoringStatistics
  /** The same for whoever scrapes. */
  readonly figures: readonly Figure[]
  /** Writes what is waiting, for a while, and ends. Idempotent. */
  readonly close: () => Promise<void>
}

export interface MonitoringStatistics {
  /** Requests that wait to be looked at. */
  readonly queuedCount: number
  readonly queuedBytes: number
  /** Requests that were left out because too many were waiting. */
  readonly droppedCount: number
  /** Requests that were kept, but came too fast for the profiles of production. */
  readonly unprofiledCount: number
  readonly storedCount: number
  /** Requests that were looked at but not written. */
  readonly lostCount: number
  /** Metrics that gave no value. */
  readonly metricErrorCount: number
  readonly sentAlertCount: number
  readonly lostAlertCount: number
}

const DAY_MS = 86_400_000
/** How often what is too old is removed of versions that nobody asks any more. */
const SWEEP_MS = 60 * 60_000

/** Rejects when the store cannot be read; INVALID_ARGUMENT for a limit or an address that is none. */
export async function createMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const { store, ask, log, alertmanagerUrl, fetchObject, buildInfo } = options
  const limits = completeLimits(options.limits)
  const alerts =
    alertmanagerUrl === undefined
      ? null
      : createAlertSender({ url: alertmanagerUrl, maxQueued: limits.maxQueuedAlerts, log })
  const versions = createKnownVersions(store)
  const metrics = await followMetrics(store, log)
  const profiles = createDataProfiles({ store, log })
  const training = await createTrainingData({ store, profiles, log, fetchObject })
  const queue = createRecordQueue({
    maxRecords: limits.maxQueuedRecords,
    maxBytes: limits.maxQueuedBytes,
    onDrop: droppedCount => {
      // Powers of two: soon told, and never a flood.
      if ((droppedCount & (droppedCount - 1)) === 0) {
        log.warn('requests were not monitored: too many are waiting to be', { droppedCount })
      }
    },
  })
  const ofVersions = createVersionFigures()
  const processing = processRecords({
    store,
    log,
    limits,
    queue,
    versions,
    metrics,
    ask,
    rangesOf: profiles.trainingRangesOf,
    alerts,
    figures: ofVersions,
    observe(records) {
      for (const { servable, inputs, outputs } of records) {
        const { modelVersionId: id, signature } = servable
        profiles.observe({ id, signature }, [...inputs, ...outputs])
      }
    },
  })
  const statistics = (): MonitoringStatistics => ({
    queuedCount: queue.length,
    queuedBytes: queue.sizeBytes,
    droppedCount: queue.droppedCount,
    unprofiledCount: profiles.droppedCount(),
    storedCount: processing.storedCount,
    lostCount: processing.lostCount,
    metricErrorCount: processing.metricErrorCount,
    sentAlertCount: alerts?.sentCount ?? 0,
    lostAlertCount: alerts?.lostCount ?? 0,
  })
  /** @returns false for one that was left out */
  const take = (request: WatchedRequest): boolean => {
    if (queue.isFull) {
      queue.drop()
      return false
    }
    const isForMetrics = metrics.of(request.servable.modelVersionId).length > 0
    return queue.add(keepRecord(request, isForMetrics, limits))
  }
  let sweep: Promise<void> = Promise.resolve()
  const beginSweep = () => {
    const since = new Date(Date.now() - limits.keptDays * DAY_MS)
    sweep = store.checks.deleteBefore(since).catch((error: unknown) => {
      log.warn('checks that are too old could not be removed', { error })
    })
  }
  // What became too old while nothing ran goes at the start.
  beginSweep()
  const sweeping = setInterval(beginSweep, SWEEP_MS)
  sweeping.unref()

  let failedCount = 0
  let closed: Promise<void> | undefined
  return {
    record(request) {
      try {
        take(request)
      } catch (error) {
        failedCount++
        if ((failedCount & (failedCount - 1)) === 0) {
          log.error('a request could not be taken for monitoring', { error, failedCount })
        }
      }
    },
    routes: app => monitoringRoutes(app, { store, versions, profiles, training, log, buildInfo }),
    methods: monitoringMethods({
      versions,
      take(request) {
        if (take(request)) return
        throw new ServingError('RESOURCE_EXHAUSTED', 'too many requests are waiting to be monitored', {
          retryAfterMs: 1_000,
        })
      },
    }),
    statistics,
    figures: monitoringFigures(statistics, ofVersions),
    close() {
      closed ??= (async () => {
        clearInterval(sweeping)
        queue.end()
        const timer = setTimeout(() => processing.abort(), limits.closeTimeoutMs)
        // A database that does not answer keeps nobody from stopping.
        const givenUp = new Promise<void>(resolve => {
          setTimeout(resolve, 2 * limits.closeTimeoutMs + 100).unref()
        })
        await training.close()
        await Promise.race([processing.done, givenUp])
        clearTimeout(timer)
        await Promise.race([Promise.all([profiles.close(), sweep]), givenUp])
        await alerts?.close()
        await metrics.close()
      })()
      return closed
    },
  }
}
