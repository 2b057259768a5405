import { type Logger, ServingError } from '@millrace/sdk'
import type { Alert } from './alert.ts'

/** Posts alerts to a Prometheus Alertmanager, one request at a time. */
export interface AlertSender {
  /** Returns at once; what does not fit is left out and counted. */
  send(alerts: readonly Alert[]): void
  readonly sentCount: number
  /** Left out, refused, or not delivered. */
  readonly lostCount: number
  /** Gives up what is not sent yet. Idempotent. */
  close(): Promise<void>
}

interface SenderOptions {
  readonly url: string
  readonly maxQueued: number
  readonly log: Logger
}

const PATH = '/api/v2/alerts'
const POST_AT_ONCE = 100
const TIMEOUT_MS = 10_000

/** @throws ServingError INVALID_ARGUMENT for what is no address over HTTP */
export function createAlertSender({ url, maxQueued, log }: SenderOptions): AlertSender {
  const target = alertsUrl(url)
  const closing = new AbortController()
  let waiting: Alert[] = []
  let sentCount = 0
  let lostCount = 0
  let working: Promise<void> | undefined

  const lose = (count: number, why: string) => {
    const before = lostCount
    lostCount += count
    // Powers of two: soon told, and never a flood.
    if (Math.floor(Math.log2(lostCount)) > Math.floor(Math.log2(before))) {
      log.warn('alerts did not reach the Alertmanager', { why, lostCount })
    }
  }
  const post = async (alerts: readonly Alert[]) => {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
      redirect: 'error',
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`it answered ${response.status}`)
  }
  const work = async () => {
    while (waiting.length > 0 && !closing.signal.aborted) {
      const alerts = waiting.slice(0, POST_AT_ONCE)
      waiting = waiting.slice(POST_AT_ONCE)
      try {
        await post(alerts)
        sentCount += alerts.length
      } catch (error) {
        if (!closing.signal.aborted) lose(alerts.length, reasonOf(error))
      }
    }
    working = undefined
  }
  return {
    send(alerts) {
      if (closing.signal.aborted || alerts.length === 0) return
      const room = Math.max(0, maxQueued - waiting.length)
      waiting.push(...alerts.slice(0, room))
      if (alerts.length > room) lose(alerts.length - room, `${maxQueued} are waiting already`)
      working ??= work()
    },
    get sentCount() {
      return sentCount
    },
    get lostCount() {
      return lostCount
    },
    async close() {
      closing.abort()
      await working
    },
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}

function alertsUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the Alertmanager's address '${url}' is none; it must have the form http://HOST:PORT`,
    )
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}${PATH}`
}
