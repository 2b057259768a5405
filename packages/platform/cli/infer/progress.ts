import pc from 'picocolors'

const REDRAW_MS = 100
const PLAIN_MS = 5000
const BAR_CELLS = 24

/** How far a run has come. */
export interface ProgressState {
  readonly answered: number
  readonly failed: number
  /** Lines that an earlier run has answered. */
  readonly skipped: number
  readonly readBytes: number
  /** Undefined where nobody knows: a pipe. */
  readonly totalBytes: number | undefined
}

export interface Progress {
  /** Shows a line of text, and the bar below it again. */
  readonly note: (text: string) => void
  /** Takes the bar away and shows what was done. */
  readonly finish: () => void
}

interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/**
 * Shows how a run goes: a bar that is redrawn on a terminal, elsewhere a plain line every five seconds.
 * @param state asked for whenever something is shown
 */
export function createProgress(stream: Terminal, state: () => ProgressState): Progress {
  const isTerminal = stream.isTTY === true
  const startedMs = performance.now()
  const elapsedMs = () => performance.now() - startedMs
  const erase = isTerminal ? '\r\u001b[K' : ''
  const draw = () => {
    const text = progressText(state(), elapsedMs(), isTerminal)
    // A line that wraps could not be erased.
    stream.write(isTerminal ? `${erase}${text.slice(0, (stream.columns ?? 80) - 1)}` : `${text}\n`)
  }
  const timer = setInterval(draw, isTerminal ? REDRAW_MS : PLAIN_MS)
  timer.unref()
  return {
    note(text) {
      stream.write(`${erase}${text}\n`)
    },
    finish() {
      clearInterval(timer)
      stream.write(`${erase}${summaryText(state(), elapsedMs())}\n`)
    },
  }
}

/** @param hasBar whether a bar stands before the figures, if the end is known */
export function progressText(state: ProgressState, elapsedMs: number, hasBar: boolean): string {
  const { readBytes, totalBytes } = state
  const parts = [`${grouped(state.answered)} answered`, ...failures(state), rate(state, elapsedMs)]
  if (totalBytes === undefined || totalBytes === 0) return parts.join(', ')
  const share = Math.min(1, readBytes / totalBytes)
  const percent = `${Math.floor(share * 100)} %`
  if (share > 0 && share < 1) parts.push(`${duration((elapsedMs / share) * (1 - share))} left`)
  const cells = Math.floor(share * BAR_CELLS)
  const bar = hasBar ? `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)} ` : ''
  return `${bar}${percent}, ${parts.join(', ')}`
}

/** The last line of a run. */
export function summaryText(state: ProgressState, elapsedMs: number): string {
  const { answered, failed, skipped } = state
  const mark = failed === 0 ? pc.green('done:') : pc.yellow('done:')
  const before = skipped === 0 ? '' : `, ${grouped(skipped)} skipped`
  return `${mark} ${grouped(answered)} answered, ${grouped(failed)} failed${before} in ${duration(elapsedMs)}, ${rate(state, elapsedMs)}`
}

function failures({ failed }: ProgressState): readonly string[] {
  return failed === 0 ? [] : [`${grouped(failed)} failed`]
}

function rate({ answered, failed }: ProgressState, elapsedMs: number): string {
  const perSecond = elapsedMs === 0 ? 0 : ((answered + failed) / elapsedMs) * 1000
  return `${perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond))} lines/s`
}

function duration(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
