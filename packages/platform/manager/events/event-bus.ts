import { type Logger, ServingError } from '@millrace/sdk'
import type { Store } from '../../store/index.ts'
import type { EventOf, ManagerEvent, ManagerEventType } from './manager-event.ts'
import { readChange } from './read-change.ts'

/** Tells everybody in the process what has changed, in the order in which it was committed. */
export interface EventBus {
  /** Besides what the store's changes tell: an application whose servables changed, say. */
  publish(event: ManagerEvent): void
  /** Called for each event of a type; returns how to stop that. A listener that throws is logged. */
  on<T extends ManagerEventType>(type: T, listener: (event: EventOf<T>) => void): () => void
  /** Called for every event; returns how to stop that. */
  onAny(listener: (event: ManagerEvent) => void): () => void
  /**
   * Every event from now on, until the signal is aborted or the bus is closed. It listens from the moment of the call.
   * A reader that falls behind by more than 1,000 events gets RESOURCE_EXHAUSTED.
   */
  follow(signal: AbortSignal): AsyncIterable<ManagerEvent>
  /** Ends all followers. Idempotent. */
  close(): Promise<void>
}

const BEHIND_MAX = 1_000

/** Starts with what is committed after this has resolved. */
export async function createEventBus(store: Store, log: Logger): Promise<EventBus> {
  const listeners = new Set<(event: ManagerEvent) => void>()
  const closing = new AbortController()

  const publish = (event: ManagerEvent) => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        log.error('a listener of events failed', { event: event.type, error })
      }
    }
  }
  const onAny = (listener: (event: ManagerEvent) => void) => {
    // The same function twice is two listeners.
    const call = (event: ManagerEvent) => listener(event)
    listeners.add(call)
    return () => void listeners.delete(call)
  }

  const readChanges = async (after: number) => {
    let position = after
    while (!closing.signal.aborted) {
      try {
        for await (const change of store.changes.follow(position, closing.signal)) {
          position = change.sequence
          const event = await readChange(change, store)
          if (event !== undefined) publish(event)
        }
        return
      } catch (error) {
        if (closing.signal.aborted) return
        log.error('changes of the database could not be followed; going on from its present state', { error })
        position = await store.changes.lastSequence()
      }
    }
  }
  const reading = readChanges(await store.changes.lastSequence()).catch((error: unknown) => {
    if (!closing.signal.aborted) log.error('events have ended: the database is away', { error })
  })

  return {
    publish,
    onAny,
    on: (type, listener) =>
      onAny(event => {
        if (event.type === type) listener(event as Parameters<typeof listener>[0])
      }),
    follow: signal => followEvents(onAny, AbortSignal.any([signal, closing.signal])),
    async close() {
      closing.abort()
      await reading
      listeners.clear()
    },
  }
}

function followEvents(onAny: EventBus['onAny'], signal: AbortSignal): AsyncIterable<ManagerEvent> {
  const waiting: ManagerEvent[] = []
  let isBehind = false
  let wakeUp: (() => void) | undefined
  const stop = onAny(event => {
    isBehind ||= waiting.length >= BEHIND_MAX
    if (!isBehind) waiting.push(event)
    wakeUp?.()
  })
  signal.addEventListener('abort', stop, { once: true })
  return (async function* () {
    try {
      while (!signal.aborted) {
        const event = waiting.shift()
        if (event !== undefined) yield event
        else if (isBehind) {
          throw new ServingError(
            'RESOURCE_EXHAUSTED',
            `the reader of events is more than ${BEHIND_MAX} events behind; read the lists and begin again`,
          )
        } else {
          const { promise, resolve } = Promise.withResolvers<void>()
          wakeUp = resolve
          const onAbort = () => resolve()
          signal.addEventListener('abort', onAbort, { once: true })
          await promise
          signal.removeEventListener('abort', onAbort)
        }
      }
    } finally {
      stop()
      signal.removeEventListener('abort', stop)
    }
  })()
}
