import { compare, cpuUsPerRequest, requestsPerSecond } from './comparison.ts'
import type { Conditions } from './conditions.ts'
import type { LoadResult } from './load/load-job.ts'
import type { ScenarioResult } from './scenarios/index.ts'
import type { LoadScenarioResult } from './scenarios/load-scenario.ts'
import type { ProbeScenarioResult } from './scenarios/probe-scenario.ts'
import type { StartRow, StartScenarioResult } from './scenarios/start-scenario.ts'
import { type Spread, spreadOf } from './statistics.ts'

export interface BenchResult {
  readonly conditions: Conditions
  readonly scenarios: readonly ScenarioResult[]
}

/** The result as a Markdown page: targets first, then every figure behind them. */
export function reportOf({ conditions, scenarios }: BenchResult): string {
  const targets = scenarios.flatMap(targetLines)
  return [
    '# Benchmark results',
    table(['condition', ''], Object.entries(conditions)),
    'Medians, with the smallest and the largest run in parentheses. A ratio above 1 means that Millrace needs less, or does more.',
    table(['scenario', 'what', 'target', 'by CPU a request', 'by requests a second', 'met'], targets),
    ...scenarios.flatMap(scenario => [`## ${scenario.title}`, scenarioTable(scenario)]),
  ]
    .join('\n\n')
    .concat('\n')
}

function targetLines(scenario: ScenarioResult): string[][] {
  if (scenario.kind === 'load') return ratioLines(scenario)
  return scenario.kind === 'probe' ? probeLines(scenario) : limitLines(scenario)
}

function scenarioTable(scenario: ScenarioResult): string {
  if (scenario.kind === 'load') return loadTable(scenario)
  return scenario.kind === 'probe' ? probeTable(scenario) : startTable(scenario)
}

function ratioLines({ title, rows, comparisons }: LoadScenarioResult): string[][] {
  return comparisons.map(comparison => {
    const { of, against, candidates, target, by = 'cpu' } = comparison
    const ratios = compare(rows, comparison)
    const absence = rows.some(row => 'failed' in row && [of, ...candidates].includes(row.label))
      ? 'failed'
      : 'skipped'
    return [
      title,
      `${of} against ${against}`,
      target === null ? '' : `${target} ×`,
      ratios === null ? absence : ratioText(ratios.cpu),
      ratios === null ? absence : ratioText(ratios.throughput),
      target === null || ratios === null ? '' : verdict(ratios[by].median >= target),
    ]
  })
}

function limitLines({ title, rows }: StartScenarioResult): string[][] {
  return rows.flatMap(row => {
    const { label, maxStartMs, maxResidentBytes } = row
    const { startMs, residentBytes } = spreadsOf(row)
    const lines: string[][] = []
    const add = (what: string, limit: string, found: string, isMet: boolean | null) =>
      lines.push([title, `${label}: ${what}`, limit, found, '', isMet === null ? '' : verdict(isMet)])
    if (maxStartMs !== null) {
      const isMet = startMs === null ? null : startMs.median < maxStartMs
      add(
        'start to ready',
        `< ${maxStartMs} ms`,
        startMs === null ? absenceText(row) : spreadText(startMs, 'ms'),
        isMet,
      )
    }
    if (maxResidentBytes !== null) {
      const isMet = residentBytes === null ? null : residentBytes.median < maxResidentBytes
      const found = residentBytes === null ? absenceText(row) : spreadText(inMegabytes(residentBytes), 'MB')
      add('idle resident memory', `< ${maxResidentBytes / 1_000_000} MB`, found, isMet)
    }
    return lines
  })
}

function probeLines({ title, rows }: ProbeScenarioResult): string[][] {
  return rows.flatMap(row => {
    const { what, unit, atLeast, atMost } = row
    const limit = atLeast === undefined ? (atMost === undefined ? null : `≤ ${atMost}`) : `≥ ${atLeast}`
    if (limit === null) return []
    const line = [title, what, `${limit} ${unit}`]
    if ('failed' in row) return [[...line, 'failed']]
    const spread = spreadOf(row.values)
    const isMet = spread.median >= (atLeast ?? 0) && spread.median <= (atMost ?? Number.POSITIVE_INFINITY)
    return [[...line, spreadText(spread, unit), '', verdict(isMet)]]
  })
}

function probeTable({ rows }: ProbeScenarioResult): string {
  return table(
    ['figure', ''],
    rows.map(row => [
      row.what,
      'failed' in row ? absenceText(row) : spreadText(spreadOf(row.values), row.unit),
    ]),
  )
}

function loadTable({ rows, connections, streamsPerConnection }: LoadScenarioResult): string {
  const load = streamsPerConnection === 1 ? '' : `, ${streamsPerConnection} calls at a time on each`
  return [
    `${connections} connections${load}.`,
    table(
      LOAD_HEADS,
      rows.map(row =>
        'runs' in row ? [row.label, ...loadFigures(row.runs)] : [row.label, absenceText(row)],
      ),
    ),
  ].join('\n\n')
}

const LOAD_HEADS = [
  'server',
  'requests/s',
  'server CPU, µs a request',
  'server busy',
  'load busy',
  'others on its core',
  'p50, µs',
  'p99, µs',
  'resident, MB',
]

function loadFigures(runs: readonly LoadResult[]): string[] {
  const spread = (figure: (run: LoadResult) => number) => spreadOf(runs.map(figure))
  return [
    spreadText(spread(requestsPerSecond)),
    spreadText(spread(cpuUsPerRequest)),
    percentText(spread(run => run.serverCpuMs / run.elapsedMs)),
    percentText(spread(run => run.clientCpuMs / run.elapsedMs)),
    neighbourText(runs),
    numberText(spread(run => run.p50Us).median),
    numberText(spread(run => run.p99Us).median),
    numberText(inMegabytes(spread(run => run.serverResidentBytes)).median),
  ]
}

function startTable({ rows }: StartScenarioResult): string {
  return table(
    ['server', 'start to ready, ms', 'idle resident memory, MB'],
    rows.map(row => {
      const { startMs, residentBytes } = spreadsOf(row)
      if (startMs === null) return [row.label, absenceText(row)]
      return [row.label, spreadText(startMs), spreadText(inMegabytes(residentBytes))]
    }),
  )
}

function spreadsOf(row: StartRow) {
  if (!('starts' in row)) return { startMs: null, residentBytes: null }
  return {
    startMs: spreadOf(row.starts.map(({ startToReadyMs }) => startToReadyMs)),
    residentBytes: spreadOf(row.starts.map(({ residentBytes }) => residentBytes)),
  }
}

function inMegabytes({ median, min, max }: Spread): Spread {
  return { median: median / 1e6, min: min / 1e6, max: max / 1e6 }
}

/** Why a row has no figures. */
function absenceText(row: object): string {
  if ('skipped' in row) return `skipped: ${String(row.skipped)}`
  return 'failed' in row ? `failed: ${String(row.failed)}` : ''
}

function verdict(isMet: boolean): string {
  return isMet ? 'yes' : 'no'
}

/** A Markdown table; rows shorter than the head are filled up. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${heads.map((_, column) => cells[column] ?? '').join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

export function ratioText({ median, min, max }: Spread): string {
  return `${ratioNumber(median)} × (${ratioNumber(min)}–${ratioNumber(max)})`
}

function ratioNumber(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1)
}

export function spreadText({ median, min, max }: Spread, unit = ''): string {
  const [middle, least, most] = [median, min, max].map(numberText)
  return `${middle}${unit === '' ? '' : ` ${unit}`} (${least}–${most})`
}

/** Three figures that count, and thousands kept apart. */
export function numberText(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US').replaceAll(',', ' ')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function neighbourText(runs: readonly LoadResult[]): string {
  const shares = runs.flatMap(({ neighbourCpuMs, elapsedMs }) =>
    neighbourCpuMs === null ? [] : [neighbourCpuMs / elapsedMs],
  )
  return shares.length === 0 ? '' : percentText(spreadOf(shares))
}

function percentText({ median }: Spread): string {
  return `${Math.round(median * 100)} %`
}
