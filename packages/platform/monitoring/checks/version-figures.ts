import type { PassedCount } from '../../store/index.ts'
import type { KeptRecord } from '../records/kept-record.ts'
import type { CheckedRequest } from './check-document.ts'

/** What was seen of each model version since the start. */
export interface VersionFigures {
  add(record: KeptRecord, checked: CheckedRequest): void
  all(): Iterable<VersionCounts>
}

export interface VersionCounts {
  readonly labels: { readonly model: string; readonly version: string }
  requests: number
  failedRequests: number
  readonly checks: Record<CheckKind, { checked: number; passed: number }>
}

export type CheckKind = 'field' | 'metric'

/** The versions that were asked first go first. */
const VERSIONS_MAX = 1_000

export function createVersionFigures(): VersionFigures {
  const byId = new Map<number, VersionCounts>()
  const countsOf = ({ modelVersionId, modelName, modelVersion }: KeptRecord['servable']) => {
    let counts = byId.get(modelVersionId)
    if (counts === undefined) {
      const [oldest] = byId.keys()
      if (byId.size >= VERSIONS_MAX && oldest !== undefined) byId.delete(oldest)
      const labels = { model: modelName, version: String(modelVersion) }
      const checks = { field: { checked: 0, passed: 0 }, metric: { checked: 0, passed: 0 } }
      counts = { labels, requests: 0, failedRequests: 0, checks }
      byId.set(modelVersionId, counts)
    }
    return counts
  }
  return {
    add(record, { check }) {
      const counts = countsOf(record.servable)
      counts.requests++
      if (record.error !== null) counts.failedRequests++
      addAll(counts.checks.field, check.counts.fields.values())
      addAll(counts.checks.metric, check.counts.metrics.values())
    },
    all: () => byId.values(),
  }
}

function addAll(sum: { checked: number; passed: number }, counts: Iterable<PassedCount>): void {
  for (const { checked, passed } of counts) {
    sum.checked += checked
    sum.passed += passed
  }
}
