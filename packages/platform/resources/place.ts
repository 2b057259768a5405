/** Where something stands in a resource file. */
export interface Place {
  /** As the user named it, or `standard input`. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

export function formatPlace({ file, line, column }: Place): string {
  return `${file}, line ${line}, column ${column}`
}
