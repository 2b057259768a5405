import { ServingError } from '@millrace/sdk'
import type { ManagerClient, ManagerEvent } from '@millrace/sdk/client'

/** Streams that end one after the other without an event, before it is given up. */
const EMPTY_STREAMS_MAX = 3

export interface Waiting<T> {
  /** What is waited for, in the message when time is up. */
  readonly what: string
  readonly read: () => Promise<T>
  readonly isDone: (value: T) => boolean
  /** Whether what is read may be another after this event. */
  readonly isAbout: (event: ManagerEvent) => boolean
  /** Told of each value that is read and not the last. */
  readonly onChange?: (value: T) => void
  readonly timeoutMs: number
}

/**
 * Reads until it is done: once when events are being told, and again whenever one is about it.
 *
 * Rejects DEADLINE_EXCEEDED when time is up, else as reading does.
 */
export async function waitUntil<T>(
  manager: Pick<ManagerClient, 'subscribe'>,
  waiting: Waiting<T>,
): Promise<T> {
  const { what, read, isDone, isAbout, onChange, timeoutMs } = waiting
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    for (let emptyStreams = 0; emptyStreams < EMPTY_STREAMS_MAX; emptyStreams++) {
      const events = await manager.subscribe({ signal: deadline })
      try {
        let value = await read()
        if (isDone(value)) return value
        onChange?.(value)
        for await (const event of events) {
          emptyStreams = 0
          if (!isAbout(event)) continue
          value = await read()
          if (isDone(value)) return value
          onChange?.(value)
        }
      } catch (error) {
        if (!ServingError.is(error) || error.code !== 'UNAVAILABLE' || deadline.aborted) throw error
      } finally {
        events.close()
      }
    }
  } catch (error) {
    if (!deadline.aborted) throw error
    throw new ServingError(
      'DEADLINE_EXCEEDED',
      `${what} took more than ${timeoutMs / 1000} seconds; it goes on, and --timeout lets this command wait longer`,
      { cause: error },
    )
  }
  throw new ServingError('UNAVAILABLE', `the server stopped telling what happens to ${what}`)
}
