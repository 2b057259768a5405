import type { QueryClient, QueryKey } from '@tanstack/react-query'
import { applyEvent, EVENT_TYPES } from './apply-event.ts'

/** Events that come together ask once for what they leave open. */
const GATHER_MS = 150
/** Before a stream that was refused is asked for again. */
const PAUSE_MS = 2_000

/** Whether changes arrive. */
export type LiveState = 'connecting' | 'live' | 'interrupted'

/**
 * Keeps everything up to date with the manager's stream of events. Nothing is told twice, so whatever was asked before
 * the stream was open is asked again as soon as it is.
 * @returns what ends it
 */
export function followEvents(client: QueryClient, onState: (state: LiveState) => void): () => void {
  const gathered = new Map<string, QueryKey>()
  let gathering: ReturnType<typeof setTimeout> | undefined
  const invalidate = (key: QueryKey) => {
    gathered.set(JSON.stringify(key), key)
    gathering ??= setTimeout(() => {
      gathering = undefined
      const keys = [...gathered.values()]
      gathered.clear()
      for (const queryKey of keys) void client.invalidateQueries({ queryKey })
    }, GATHER_MS)
  }

  let source: EventSource | undefined
  let pausing: ReturnType<typeof setTimeout> | undefined
  const open = () => {
    const stream = new EventSource('/api/v2/events')
    source = stream
    stream.addEventListener('open', () => {
      onState('live')
      void client.invalidateQueries()
    })
    stream.addEventListener('error', () => {
      onState('interrupted')
      // A connection that broke is made again by the browser; an answer that is no stream is the end of it.
      if (stream.readyState === EventSource.CLOSED) pausing = setTimeout(open, PAUSE_MS)
    })
    for (const type of EVENT_TYPES) {
      stream.addEventListener(type, ({ data }: MessageEvent<string>) =>
        applyEvent(client, type, data, invalidate),
      )
    }
  }
  open()
  return () => {
    clearTimeout(gathering)
    clearTimeout(pausing)
    source?.close()
  }
}
