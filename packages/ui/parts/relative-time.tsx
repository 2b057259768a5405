import { useSyncExternalStore } from 'react'
import { relativeTime } from '../format/relative-time.ts'

const TICK_MS = 20_000

let nowMs = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

/** One clock for all times of the page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    nowMs = Date.now()
    for (const tell of listeners) tell()
  }, TICK_MS)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** "5 minutes ago", and the exact time as its title. */
export function RelativeTime({ time }: { readonly time: string | number | null | undefined }) {
  const now = useSyncExternalStore(subscribe, () => nowMs)
  const then = time === null || time === undefined ? Number.NaN : new Date(time).getTime()
  if (Number.isNaN(then)) return <span>–</span>
  const date = new Date(then)
  return (
    <time
      dateTime={date.toISOString()}
      title={date.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'long' })}
    >
      {relativeTime(then, now)}
    </time>
  )
}
