import { StringDecoder } from 'node:string_decoder'
import type { Logger } from '@millrace/sdk'

/** What a process prints, as lines of its model's log. */
export interface LineLog {
  /** Takes a piece of one stream's text, as it comes. */
  write(stream: 'stdout' | 'stderr', piece: Buffer): void
  /** A line of its own, with its level. */
  line(level: string, text: string): void
  /** Writes what has no end of line yet. */
  end(): void
  /** The last lines of stderr, for the report of a process that ended. */
  tail(): string
}

export interface LineLogLimits {
  readonly lineCharacters: number
  /** How many lines may come at once, and how many a second after that. */
  readonly burstLines: number
  readonly linesPerSecond: number
}

const LIMITS: LineLogLimits = { lineCharacters: 8192, burstLines: 1000, linesPerSecond: 100 }
const TAIL_LINES = 20

/**
 * Lines of stdout are logged as `info`, those of stderr as `warn`. A longer line is cut, and says by how much; of lines
 * beyond the rate only the number is logged, when there is room again.
 * @param now milliseconds, of any clock that only goes forward
 */
export function createLineLog(
  log: Logger,
  fields: Readonly<Record<string, unknown>>,
  limits: LineLogLimits = LIMITS,
  now: () => number = () => performance.now(),
): LineLog {
  const streams = {
    stdout: { level: 'info', decoder: new StringDecoder(), text: '', cutCharacters: 0 },
    stderr: { level: 'warn', decoder: new StringDecoder(), text: '', cutCharacters: 0 },
  }
  const tail: string[] = []
  let room = limits.burstLines
  let lastMs = now()
  let leftOut = 0

  const tellLeftOut = (): void => {
    if (leftOut === 0) return
    log.warn(
      `${leftOut} lines of the Python process are left out: it writes more than ${limits.linesPerSecond} a second`,
      fields,
    )
    leftOut = 0
  }

  const line = (level: string, text: string): void => {
    const atMs = now()
    room = Math.min(limits.burstLines, room + ((atMs - lastMs) * limits.linesPerSecond) / 1000)
    lastMs = atMs
    if (room < 1) {
      leftOut++
      return
    }
    room--
    tellLeftOut()
    if (level === 'error') log.error(text, fields)
    else if (level === 'warn') log.warn(text, fields)
    else if (level === 'debug') log.debug(text, fields)
    else log.info(text, fields)
  }

  const finish = (name: 'stdout' | 'stderr'): void => {
    const stream = streams[name]
    const cut = stream.cutCharacters > 0 ? `… (${stream.cutCharacters} more characters)` : ''
    const whole = stream.text.replace(/\r$/, '') + cut
    stream.text = ''
    stream.cutCharacters = 0
    if (whole === '') return
    if (name === 'stderr') {
      tail.push(whole)
      if (tail.length > TAIL_LINES) tail.shift()
    }
    line(stream.level, whole)
  }

  const add = (name: 'stdout' | 'stderr', text: string): void => {
    const stream = streams[name]
    const room = limits.lineCharacters - stream.text.length
    stream.text += text.slice(0, room)
    stream.cutCharacters += Math.max(0, text.length - room)
  }

  return {
    write(name, piece) {
      const lines = streams[name].decoder.write(piece).split('\n')
      const last = lines.pop() ?? ''
      for (const text of lines) {
        add(name, text)
        finish(name)
      }
      add(name, last)
    },
    line(level, text) {
      line(level, text.length > limits.lineCharacters ? `${text.slice(0, limits.lineCharacters)}…` : text)
    },
    end() {
      finish('stdout')
      finish('stderr')
      tellLeftOut()
    },
    tail: () => tail.join('\n'),
  }
}
