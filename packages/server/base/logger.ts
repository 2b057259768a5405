import type { Logger } from '@millrace/sdk'
import { pino, stdSerializers } from 'pino'

export interface LoggerOptions {
  /** One JSON object a line instead of text. */
  readonly isStructured: boolean
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Where lines go; default standard error, so that standard output stays free for what a command prints. */
  readonly write?: (line: string) => void
}

/** A logger that can be narrowed to a model or a part of the server. */
export interface ServerLogger extends Logger {
  /** A logger whose every line carries these fields. */
  with(fields: Readonly<Record<string, unknown>>): ServerLogger
}

/**
 * The server's log. Structured lines are `{"level","time","message",…fields}` with `time` in ISO 8601;
 * text lines are `time LEVEL [model:version] message field=value`.
 */
export function createLogger(options: LoggerOptions): ServerLogger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line))
  const destination = { write: options.isStructured ? write : (line: string) => write(toText(line)) }
  const log = pino(
    {
      level: options.level,
      messageKey: 'message',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    destination,
  )
  return wrap(log)
}

type PinoLike = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'child'>

function wrap(log: PinoLike): ServerLogger {
  return {
    debug: (message, fields = {}) => log.debug(fields, message),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
    error: (message, fields = {}) => log.error(fields, message),
    with: fields => wrap(log.child(fields)),
  }
}

interface Line {
  readonly level: string
  readonly time: string
  readonly message: string
  readonly model?: string
  readonly version?: string
  readonly [field: string]: unknown
}

function toText(line: string): string {
  const { level, time, message, model, version, ...fields } = JSON.parse(line) as Line
  const subject = model === undefined ? '' : ` [${model}${version === undefined ? '' : `:${version}`}]`
  const details = Object.entries(fields).map(([name, value]) => ` ${name}=${fieldText(value)}`)
  return `${time} ${level.toUpperCase()}${subject} ${message}${details.join('')}\n`
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value
  // An error's stack is what a person looks for, and it is unreadable as one JSON string.
  if (typeof value === 'object' && value !== null && 'stack' in value) return `\n${String(value.stack)}`
  return JSON.stringify(value)
}
