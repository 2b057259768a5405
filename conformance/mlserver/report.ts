import type { Check, Outcome } from './check.ts'

/** What came of one check against each server that was asked. */
export interface Row {
  readonly id: string
  readonly reference: string
  readonly title: string
  readonly millrace?: Outcome | undefined
  readonly mlserver?: Outcome | undefined
  readonly pending?: string | undefined
  readonly deviation?: string | undefined
}

/** Outcomes by the ids of checks. */
export type Outcomes = ReadonlyMap<string, Outcome>

export function rowsOf(checks: readonly Check[], millrace?: Outcomes, mlserver?: Outcomes): readonly Row[] {
  return checks.map(({ id, reference, title, pending, deviation }) => ({
    id,
    reference,
    title,
    millrace: millrace?.get(id),
    mlserver: mlserver?.get(id),
    pending,
    deviation,
  }))
}

/** The table as Markdown. */
export function markdown(rows: readonly Row[], versions: string): string {
  const lines = rows.map((row, index) =>
    [
      `${index + 1}`,
      `**${row.id}** (${row.reference}) ${row.title}`,
      cell(row.millrace, row.pending),
      cell(row.mlserver),
      row.deviation ?? '',
    ]
      .map(escape)
      .join(' | '),
  )
  return `# Millrace and MLServer, check by check

${versions} \`README.md\` says what the checks are and how to run them; \`run.ts --write\` wrote this page.

"pass" means: as expected, which is what MLServer does where that is good, and something better where the last column
says so. What MLServer does otherwise is what was observed, no verdict.

| | Millrace | MLServer |
| --- | --- | --- |
| pass | ${count(rows, 'millrace', 'pass')} | ${count(rows, 'mlserver', 'pass')} |
| otherwise | ${count(rows, 'millrace', 'fail')} | ${count(rows, 'mlserver', 'fail')} |
| not run | ${count(rows, 'millrace', 'not run')} | ${count(rows, 'mlserver', 'not run')} |

| # | what | Millrace | MLServer | where we differ on purpose, and why |
| --- | --- | --- | --- | --- |
${lines.map(line => `| ${line} |`).join('\n')}
`
}

/** The table for a terminal. */
export function plainText(rows: readonly Row[]): string {
  const lines = rows.flatMap(row => [
    `${row.id.padEnd(12)} ${row.title}`,
    ...(['millrace', 'mlserver'] as const).flatMap(name => {
      const outcome = row[name]
      if (outcome === undefined) return []
      const isPending = name === 'millrace' && row.pending !== undefined
      const mark = isPending ? ` [pending: ${row.pending}]` : ''
      return [`    ${name.padEnd(9)} ${outcome.result.toUpperCase().padEnd(8)}${mark} ${outcome.seen}`]
    }),
  ])
  const totals = (['millrace', 'mlserver'] as const).flatMap(name => {
    if (rows.every(row => row[name] === undefined)) return []
    return [
      `${name}: ${count(rows, name, 'pass')} pass, ${count(rows, name, 'fail')} otherwise, ${count(rows, name, 'not run')} not run`,
    ]
  })
  return `${lines.join('\n')}\n\n${totals.join('\n')}\n`
}

function count(rows: readonly Row[], name: 'millrace' | 'mlserver', result: Outcome['result']): number {
  return rows.filter(row => row[name]?.result === result).length
}

function cell(outcome: Outcome | undefined, pending?: string): string {
  if (outcome === undefined) return '–'
  if (outcome.result === 'pass') return 'pass'
  const mark = pending === undefined ? '' : `not yet (${pending}): `
  return `${outcome.result === 'fail' ? 'otherwise' : outcome.result}: ${mark}${outcome.seen}`
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}
