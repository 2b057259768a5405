import type { LoadResult } from './load-record.ts'

/** What was measured, and how. */
export interface BenchReport {
  readonly model: string
  readonly version: string | undefined
  readonly protocol: string
  readonly address: string
  readonly seed: number
  readonly warmupSeconds: number
  readonly durationSeconds: number
  readonly loads: readonly MeasuredLoad[]
}

export interface MeasuredLoad {
  readonly kind: 'concurrency' | 'rate'
  readonly level: number
  readonly result: LoadResult
}

const COLUMNS = ['load', 'requests', 'errors', 'answers/s', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max']

/** For people: latencies in milliseconds. */
export function tableText(report: BenchReport): string {
  const rows = [COLUMNS, ...report.loads.map(tableRow)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const lines = rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  '),
  )
  const failures = report.loads
    .filter(({ result }) => Object.keys(result.errors).length > 0)
    .map(load => `${loadName(load)}: ${errorText(load.result)}`)
  const version = report.version === undefined ? '' : `, version ${report.version}`
  const head = `${report.model}${version} over ${report.protocol} at ${report.address}; latencies in ms`
  return `${[head, '', ...lines, ...(failures.length === 0 ? [] : ['', 'errors', ...failures])].join('\n')}\n`
}

function tableRow(load: MeasuredLoad): string[] {
  const { requests, answersPerSecond, latencyMs } = load.result
  const { mean, p50, p90, p99, p999, max } = latencyMs ?? {}
  return [
    loadName(load),
    String(requests),
    String(errorCount(load.result)),
    answersPerSecond.toFixed(answersPerSecond < 100 ? 1 : 0),
    ...[mean, p50, p90, p99, p999, max].map(value => (value === undefined ? '-' : milliseconds(value))),
  ]
}

export function jsonText(report: BenchReport): string {
  const { loads, warmupSeconds, durationSeconds, ...rest } = report
  const view = {
    ...rest,
    warmup_seconds: warmupSeconds,
    duration_seconds: durationSeconds,
    loads: loads.map(({ kind, level, result: { requests, errors, answersPerSecond, latencyMs } }) => ({
      [kind]: level,
      requests,
      errors,
      answers_per_second: answersPerSecond,
      latency_ms: latencyMs ?? null,
    })),
  }
  return `${JSON.stringify(view, null, 2)}\n`
}

/** One line for each load, with a head. */
export function csvText({ loads, ...report }: BenchReport): string {
  const latencies = ['mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const
  const head = [
    'model',
    'version',
    'protocol',
    'kind',
    'level',
    'requests',
    'errors',
    'answers_per_second',
    ...latencies.map(name => `${name}_ms`),
    'errors_by_code',
  ]
  const rows = loads.map(({ kind, level, result }) => [
    report.model,
    report.version ?? '',
    report.protocol,
    kind,
    level,
    result.requests,
    errorCount(result),
    result.answersPerSecond,
    ...latencies.map(name => result.latencyMs?.[name] ?? ''),
    errorText(result),
  ])
  return [head, ...rows].map(row => `${row.map(csvCell).join(',')}\n`).join('')
}

function csvCell(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function loadName({ kind, level }: MeasuredLoad): string {
  return kind === 'concurrency' ? `${level} at a time` : `${level} per second`
}

function errorCount({ errors }: LoadResult): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0)
}

function errorText({ errors }: LoadResult): string {
  return Object.entries(errors)
    .map(([code, count]) => `${code} ${count}`)
    .join('; ')
}

/** Four significant digits or so. */
function milliseconds(value: number): string {
  return value.toFixed(value < 10 ? 3 : value < 1000 ? 1 : 0)
}
