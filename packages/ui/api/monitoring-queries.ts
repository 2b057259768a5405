import { queryOptions } from '@tanstack/react-query'
import { ask } from './ask.ts'
import type { DriftReportJson, DriftSupportJson } from './drift-json.ts'
import type { AggregatesJson, CheckJson, FieldProfileJson } from './monitoring-json.ts'
import { KEYS } from './queries.ts'

/** Batches that one screen shows. */
const BATCHES_MAX = 90
/** Monitoring tells nobody when a request has been checked, so an open page looks again. */
const LOOK_AGAIN_MS = 5_000

/** Bounds of the time that is looked at, in seconds since the epoch. */
export interface TimeRange {
  readonly from: number | undefined
  readonly till: number | undefined
}

export const aggregatesQuery = (versionId: number, { from, till }: TimeRange) =>
  queryOptions({
    queryKey: [...KEYS.monitoring, versionId, 'aggregates', from, till],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({ limit: String(BATCHES_MAX), offset: '0' })
      if (from !== undefined) query.set('from', String(from))
      if (till !== undefined) query.set('till', String(till))
      return ask<AggregatesJson>(`/monitoring/checks/aggregates/${versionId}?${query}`, { signal })
    },
    refetchInterval: LOOK_AGAIN_MS,
  })

/** The requests of one batch, by the ids of its first and its last. */
export const batchQuery = (versionId: number, first: string, last: string) =>
  queryOptions({
    queryKey: [...KEYS.monitoring, versionId, 'batch', first, last],
    queryFn: ({ signal }) =>
      ask<readonly CheckJson[]>(
        `/monitoring/checks/${versionId}?${new URLSearchParams({ from: first, to: last })}`,
        { signal },
      ),
  })

export const profiledFieldsQuery = (versionId: number) =>
  queryOptions({
    queryKey: [...KEYS.monitoring, versionId, 'fields'],
    queryFn: ({ signal }) => ask<readonly string[]>(`/monitoring/fields/${versionId}`, { signal }),
  })

export const fieldProfileQuery = (versionId: number, field: string) =>
  queryOptions({
    queryKey: [...KEYS.monitoring, versionId, 'profile', field],
    queryFn: ({ signal }) =>
      ask<FieldProfileJson>(`/monitoring/profiles/${versionId}/${encodeURIComponent(field)}`, { signal }),
  })

/** How far training data has come. */
export const trainingStatusQuery = (versionId: number) =>
  queryOptions({
    queryKey: [...KEYS.monitoring, versionId, 'training'],
    queryFn: ({ signal }) =>
      ask<{ readonly kind: string; readonly message?: string | null }>(
        `/monitoring/profiles/batch/${versionId}/status`,
        { signal },
      ),
    refetchInterval: query => (query.state.data?.kind === 'Processing' ? LOOK_AGAIN_MS : false),
  })

export const driftSupportQuery = (versionId: number) =>
  queryOptions({
    queryKey: [...KEYS.monitoring, versionId, 'drift-support'],
    queryFn: ({ signal }) => ask<DriftSupportJson>(`/stat/support?model_version_id=${versionId}`, { signal }),
  })

/** Takes seconds to make, so it is asked for on demand alone. */
export const driftReportQuery = (versionId: number) =>
  queryOptions({
    queryKey: ['drift-report', versionId],
    queryFn: ({ signal }) => ask<DriftReportJson>(`/stat/metrics?model_version_id=${versionId}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
