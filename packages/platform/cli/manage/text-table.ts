/** Rows under headings, in columns two spaces apart; every cell is one line. */
export function textTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows].map(row => row.map(oneLine))
  const widths = headings.map((_, column) => Math.max(...lines.map(row => row[column]?.length ?? 0)))
  return lines
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('')
}

function oneLine(cell: string): string {
  return cell.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
