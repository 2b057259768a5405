import pc from 'picocolors'

/** How every failure is told on standard error: one line that begins with the program's name. */
export function failureLine(message: string): string {
  return `${pc.red('millrace:')} ${message}\n`
}
