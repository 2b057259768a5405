import pc from 'picocolors'

/** Lines shown before and after the one that is meant. */
const CONTEXT = 2
const MAX_WIDTH = 160

/**
 * The lines around a place in a source text, with a caret below the column.
 * @param line from 1
 * @param column from 1; undefined for the end of the line
 * @returns nothing for a line that the text does not have
 */
export function codeFrame(source: string, line: number, column: number | undefined): string {
  const lines = source.split(/\r?\n/)
  const meant = lines[line - 1]
  if (meant === undefined) return ''
  const first = Math.max(line - CONTEXT, 1)
  const last = Math.min(line + CONTEXT, lines.length)
  const width = String(last).length
  const rows: string[] = []
  for (let number = first; number <= last; number++) {
    const text = shown(lines[number - 1]!)
    const label = String(number).padStart(width)
    if (number !== line) {
      rows.push(pc.dim(`    ${label} | ${text}`))
      continue
    }
    rows.push(`${pc.red('  >')} ${pc.dim(`${label} |`)} ${text}`)
    const before = meant.slice(0, (column ?? meant.trimEnd().length + 1) - 1)
    // Tabs stay tabs, so that the caret stands where the terminal puts its column.
    if (before.length < MAX_WIDTH) {
      rows.push(`    ${' '.repeat(width)} ${pc.dim('|')} ${before.replaceAll(/[^\t]/g, ' ')}${pc.red('^')}`)
    }
  }
  return `${rows.map(row => row.trimEnd()).join('\n')}\n`
}

function shown(text: string): string {
  return text.length <= MAX_WIDTH ? text : `${text.slice(0, MAX_WIDTH)} …`
}
