import type { CheckJson } from '../api/monitoring-json.ts'

/** Points of one line, by time. */
export interface ChartSeries {
  /** Seconds since the epoch, ascending. */
  readonly times: readonly number[]
  readonly values: readonly (number | null)[]
}

/** Milliseconds that each request took. */
export function latencySeries(checks: readonly CheckJson[]): ChartSeries {
  return series(checks, ({ _hs_latency }) => _hs_latency ?? null)
}

/** The values that a metric gave. */
export function metricSeries(checks: readonly CheckJson[], name: string): ChartSeries {
  return series(checks, ({ _hs_metric_checks }) => _hs_metric_checks?.[name]?.value ?? null)
}

function series(checks: readonly CheckJson[], valueOf: (check: CheckJson) => number | null): ChartSeries {
  const ordered = checks.toSorted((a, b) => a._hs_timestamp - b._hs_timestamp)
  return {
    times: ordered.map(({ _hs_timestamp }) => _hs_timestamp / 1_000),
    values: ordered.map(valueOf),
  }
}

/** What became of a request. */
export type Verdict = 'passed' | 'failed' | 'not checked'

/** Failed is what has an error, a check that did not pass, or a metric beyond its threshold. */
export function verdictOf({ _hs_error, _hs_raw_checks, _hs_metric_checks }: CheckJson): Verdict {
  const singles = [...Object.values(_hs_raw_checks ?? {}).flat(), ...Object.values(_hs_metric_checks ?? {})]
  if ((_hs_error ?? null) !== null || singles.some(({ check }) => !check)) return 'failed'
  return singles.length === 0 ? 'not checked' : 'passed'
}

/** The values of a request, by field, without what the platform adds. */
export function fieldValues(check: CheckJson): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(check).filter(([name]) => name !== '_id' && !name.startsWith('_hs_'))
}
