import type { Logger } from '../model/index.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line that a model logged. */
export interface LogEntry {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What a model logged, by level, in the order in which it did. */
export type RecordedLog = { readonly [level in LogLevel]: readonly LogEntry[] }

/** A logger, and what it was told. */
export function recordLog(): { readonly log: Logger; readonly recorded: RecordedLog } {
  const recorded: { [level in LogLevel]: LogEntry[] } = { debug: [], info: [], warn: [], error: [] }
  const writer =
    (level: LogLevel) =>
    (message: string, fields: LogEntry['fields'] = {}) => {
      recorded[level].push({ message, fields })
    }
  const log = { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
  return { log, recorded }
}
