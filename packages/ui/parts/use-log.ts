import { useEffect, useState } from 'react'
import { followLog, type LogState } from '../api/follow-log.ts'

/** Older lines are let go. */
const LINES_MAX = 5_000

/** A log as it has come so far. */
export interface Log {
  readonly lines: readonly string[]
  /** Number of the first of `lines`, from 0. */
  readonly firstLine: number
  readonly state: LogState
}

const EMPTY: Log = { lines: [], firstLine: 0, state: { kind: 'connecting' } }

/** Follows a log as long as it is shown. */
export function useLog(url: string): Log {
  const [log, setLog] = useState(EMPTY)
  useEffect(() => {
    const leaving = new AbortController()
    setLog(EMPTY)
    void followLog({
      url,
      signal: leaving.signal,
      onState: state => setLog(log => ({ ...log, state })),
      onLines: (more, isFresh) =>
        setLog(log => append(isFresh ? { ...log, lines: [], firstLine: 0 } : log, more)),
    })
    return () => leaving.abort()
  }, [url])
  return log
}

function append(log: Log, more: readonly string[]): Log {
  const lines = [...log.lines, ...more]
  const surplus = Math.max(0, lines.length - LINES_MAX)
  return { ...log, lines: surplus === 0 ? lines : lines.slice(surplus), firstLine: log.firstLine + surplus }
}
