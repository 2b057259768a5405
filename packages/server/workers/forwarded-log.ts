import type { Logger } from '@millrace/sdk'
import { encodeError } from './crossing-error.ts'
import type { LogLine } from './messages.ts'

const MAX_DEPTH = 6

/** A logger whose lines go to the server's log. */
export function forwardLog(send: (line: LogLine) => void): Logger {
  const writer = (level: LogLine['level']) => (text: unknown, fields?: Readonly<Record<string, unknown>>) =>
    send({
      level,
      // Authors also log what is no text.
      message: String(text),
      fields: fields === undefined ? undefined : (portable(fields, 0) as Readonly<Record<string, unknown>>),
    })
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
}

/** What of a value can cross and be written as JSON; errors with their stacks. */
function portable(value: unknown, depth: number): unknown {
  if (value instanceof Error) {
    const { name, message, stack, ...more } = encodeError(value)
    return { type: name, message, stack, ...('code' in more ? { code: more.code } : {}) }
  }
  if (typeof value === 'function' || typeof value === 'symbol') return String(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return value.map(item => portable(item, depth + 1))
  if (hasJson(value)) return portable(value.toJSON(), depth + 1)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, portable(item, depth + 1)]))
}

function hasJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}
