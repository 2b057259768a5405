import { messageOf } from './ask.ts'
import { createEventReader } from './read-events.ts'

/** How a log that is followed stands. */
export type LogState =
  | { readonly kind: 'connecting' | 'live' | 'ended' }
  /** It goes on by itself. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly message: string }

export interface LogFollower {
  /** `isFresh`: these are the first lines, whatever came before. */
  readonly onLines: (lines: readonly string[], isFresh: boolean) => void
  readonly onState: (state: LogState) => void
}

export interface FollowLogOptions extends LogFollower {
  readonly url: string
  readonly signal: AbortSignal
  /** Waits before the next attempt; replaced by tests. */
  readonly pause?: (attempt: number, signal: AbortSignal) => Promise<void>
}

/**
 * Follows a log until its end. A connection that breaks is made again, and goes on behind the last line that had a number;
 * a log without numbers begins anew. Resolves when the log has ended, is not to be had, or the signal is aborted.
 */
export async function followLog({
  url,
  signal,
  onLines,
  onState,
  pause = wait,
}: FollowLogOptions): Promise<void> {
  let lastId: string | undefined
  onState({ kind: 'connecting' })
  for (let attempt = 1; !signal.aborted; attempt++) {
    let isFresh = lastId === undefined
    const end = await readOnce(url, lastId, signal, {
      onOpen() {
        attempt = 0
        onState({ kind: 'live' })
        if (isFresh) onLines([], true)
      },
      onLine(lines, id) {
        lastId = id ?? lastId
        onLines(lines, isFresh)
        isFresh = false
      },
    })
    if (signal.aborted) return
    if (end !== undefined) {
      onState(end)
      return
    }
    onState({ kind: 'interrupted' })
    await pause(attempt, signal)
  }
}

interface Listener {
  readonly onOpen: () => void
  readonly onLine: (lines: readonly string[], lastId: string | undefined) => void
}

/** How the log ended; `undefined` when only the connection did. */
async function readOnce(
  url: string,
  lastId: string | undefined,
  signal: AbortSignal,
  { onOpen, onLine }: Listener,
): Promise<LogState | undefined> {
  try {
    const headers = {
      accept: 'text/event-stream',
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    }
    const response = await fetch(url, { headers, signal })
    if (response.status >= 400 && response.status < 500) {
      return { kind: 'failed', message: messageOf(response.status, await response.text()) }
    }
    if (!response.ok || response.body === null) return undefined
    onOpen()
    const read = createEventReader()
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { value, done } = await pieces.read()
      if (done) return undefined
      const events = read(value)
      const lines = events.filter(({ event }) => event === 'Log' || event === 'message')
      if (lines.length > 0)
        onLine(
          lines.map(({ data }) => data),
          lines.findLast(({ id }) => id !== undefined)?.id,
        )
      if (events.some(({ event }) => event === 'EndOfStream')) {
        await pieces.cancel()
        return { kind: 'ended' }
      }
    }
  } catch {
    // The connection broke; the next attempt shows whether anybody is there.
    return undefined
  }
}

const PAUSE_MS = 500
const PAUSE_MAX_MS = 10_000

function wait(attempt: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** Math.min(attempt, 8)))
    signal.addEventListener('abort', done)
  })
}
