import type { PassedCount } from '../store/index.ts'
import type { CheckKind, VersionFigures } from './checks/version-figures.ts'
import type { MonitoringStatistics } from './monitoring.ts'

/** A number that goes up, or up and down, for whoever scrapes it. Fits what the server's metrics take. */
export interface Figure {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly read: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>
}

type Row = readonly [name: string, help: string, type: Figure['type'], member: keyof MonitoringStatistics]

const ROWS: readonly Row[] = [
  ['monitoring_queued_requests', 'Requests that wait to be looked at', 'gauge', 'queuedCount'],
  ['monitoring_queued_bytes', 'Bytes of theirs', 'gauge', 'queuedBytes'],
  [
    'monitoring_dropped_requests_total',
    'Requests that were not monitored because too many were waiting',
    'counter',
    'droppedCount',
  ],
  [
    'monitoring_unprofiled_requests_total',
    'Requests that came too fast for the profiles of production',
    'counter',
    'unprofiledCount',
  ],
  ['monitoring_stored_requests_total', 'Requests that were looked at and kept', 'counter', 'storedCount'],
  ['monitoring_lost_requests_total', 'Requests that were looked at and not kept', 'counter', 'lostCount'],
  ['monitoring_metric_errors_total', 'Metrics that gave no value', 'counter', 'metricErrorCount'],
  ['monitoring_alerts_sent_total', 'Alerts that the Alertmanager has taken', 'counter', 'sentAlertCount'],
  ['monitoring_alerts_lost_total', 'Alerts that did not reach it', 'counter', 'lostAlertCount'],
]

const KINDS: readonly CheckKind[] = ['field', 'metric']

/** Of everything together, and of each model version since the start. */
export function monitoringFigures(
  statistics: () => MonitoringStatistics,
  versions: VersionFigures,
): readonly Figure[] {
  const whole = ROWS.map(
    ([name, help, type, member]): Figure => ({
      name,
      help,
      type,
      *read() {
        yield { labels: {}, value: statistics()[member] }
      },
    }),
  )
  const ofRequests = (name: string, help: string, member: 'requests' | 'failedRequests'): Figure => ({
    name,
    help,
    type: 'counter',
    *read() {
      for (const counts of versions.all()) yield { labels: counts.labels, value: counts[member] }
    },
  })
  const ofChecks = (name: string, help: string, valueOf: (counts: PassedCount) => number): Figure => ({
    name,
    help,
    type: 'counter',
    *read() {
      for (const { labels, checks } of versions.all()) {
        for (const kind of KINDS) yield { labels: { ...labels, kind }, value: valueOf(checks[kind]) }
      }
    },
  })
  return [
    ...whole,
    ofRequests('monitoring_requests_total', 'Requests that were looked at, by model version', 'requests'),
    ofRequests('monitoring_failed_requests_total', 'Those of them that had failed', 'failedRequests'),
    ofChecks('monitoring_checks_total', 'Checks of fields and by metrics', ({ checked }) => checked),
    ofChecks(
      'monitoring_failed_checks_total',
      'Those of them that did not pass',
      ({ checked, passed }) => checked - passed,
    ),
  ]
}
