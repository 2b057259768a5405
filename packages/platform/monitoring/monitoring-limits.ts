import { ServingError } from '@millrace/sdk'

/** What monitoring holds and keeps at most. */
export interface MonitoringLimits {
  /** Requests that wait to be looked at; more are left out and counted. Default 10,000. */
  readonly maxQueuedRecords: number
  /** Bytes of theirs. Default 64 MiB. */
  readonly maxQueuedBytes: number
  /** Requests that are written at once. Default 256. */
  readonly maxBatchRecords: number
  /** Least time between two writes. Default 200. */
  readonly writeIntervalMs: number
  /** Fields of a request that are looked at. Default 1,000. */
  readonly maxFields: number
  /** Bytes of values that are kept of a request until it was looked at. Default 1 MiB. */
  readonly maxRecordBytes: number
  /** Values of a field that are held against training data. Default 10,000. */
  readonly maxCheckedValues: number
  /** Values of a field that are kept; a field with more is summarised. Default 256. */
  readonly maxKeptValues: number
  /** Checks of a field that are kept one by one, failed ones first. Default 64. */
  readonly maxKeptChecks: number
  /** Bytes that are kept of each text. Default 1,024. */
  readonly maxTextBytes: number
  /** Largest inputs and outputs that metrics are given. Default 4 MiB. */
  readonly maxMetricBytes: number
  /** Metrics that are asked at once. Default 16. */
  readonly maxMetricCalls: number
  /** Longest that a metric may take. Default 10,000. */
  readonly metricTimeoutMs: number
  /** Requests that are kept of each model version. Default 100,000. */
  readonly keptRequests: number
  /** How long a request is kept. Default 30. */
  readonly keptDays: number
  /** Alerts that wait to be sent; more are left out and counted. Default 1,000. */
  readonly maxQueuedAlerts: number
  /** Longest that the end may take in which waiting requests are still written. Default 5,000. */
  readonly closeTimeoutMs: number
}

const MIB = 1024 * 1024

const DEFAULTS: MonitoringLimits = {
  maxQueuedRecords: 10_000,
  maxQueuedBytes: 64 * MIB,
  maxBatchRecords: 256,
  writeIntervalMs: 200,
  maxFields: 1_000,
  maxRecordBytes: MIB,
  maxCheckedValues: 10_000,
  maxKeptValues: 256,
  maxKeptChecks: 64,
  maxTextBytes: 1024,
  maxMetricBytes: 4 * MIB,
  maxMetricCalls: 16,
  metricTimeoutMs: 10_000,
  keptRequests: 100_000,
  keptDays: 30,
  maxQueuedAlerts: 1_000,
  closeTimeoutMs: 5_000,
}

/** The least that each may be, where it is not 1. */
const LEAST: Partial<Record<keyof MonitoringLimits, number>> = { writeIntervalMs: 0, closeTimeoutMs: 0 }

/** @throws ServingError INVALID_ARGUMENT for a limit that is no whole number, or too small */
export function completeLimits(given: Partial<MonitoringLimits> = {}): MonitoringLimits {
  const limits = { ...DEFAULTS, ...given }
  for (const name of Object.keys(DEFAULTS) as (keyof MonitoringLimits)[]) {
    const least = LEAST[name] ?? 1
    if (Number.isSafeInteger(limits[name]) && limits[name] >= least) continue
    throw new ServingError(
      'INVALID_ARGUMENT',
      `${name} is ${limits[name]}; it must be a whole number of at least ${least}`,
    )
  }
  return limits
}
