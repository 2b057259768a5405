import type { MetricOperator } from '../api/metric-json.ts'

/** Comparisons as they are written. */
export const SYMBOLS: Readonly<Record<MetricOperator, string>> = {
  Eq: '=',
  NotEq: '≠',
  Greater: '>',
  Less: '<',
  GreaterEq: '≥',
  LessEq: '≤',
}
