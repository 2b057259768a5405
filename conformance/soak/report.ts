/** One promise, kept or not. */
export interface Check {
  readonly isGood: boolean
  readonly line: string
}

/** Columns side by side, the first flush left and the others right. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

export function kibibytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`
}
