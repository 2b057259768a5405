import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { ServingError } from '../../errors/index.ts'
import { neverSent } from './never-sent.ts'
import { openSession, type TlsSettings } from './open-session.ts'
import type { GrpcTarget } from './target.ts'

/** After a failed attempt; each further one makes it longer, up to the most. */
const FIRST_PAUSE_MS = 250
const PAUSE_GROWTH = 1.6
/** A server that comes back is to be found soon. */
const MAX_PAUSE_MS = 5000
/** Pauses differ by so much, so that the clients of a server do not all come back at once. */
const JITTER = 0.2

/** How long a server that let a call run into its deadline may take to show that it is there. */
const PING_TIMEOUT_MS = 5000
/** Asked more often than every five minutes, some servers take pings for an attack and close the connection. */
const PING_INTERVAL_MS = 301_000
/** A session cannot number more streams; a new one takes over before (RFC 9113, section 5.1.1). */
const LAST_STREAM_ID = 2 ** 31 - 1000

/** Somebody who waits for a session. Exactly one of the two is called, unless it leaves first. */
export interface SessionWaiter {
  readonly onSession: (session: OpenSession) => void
  readonly onNoSession: (error: ServingError) => void
}

/** One HTTP/2 session, in use as long as it is not retired and to its end by the calls that are in it. */
export class OpenSession {
  readonly http2: ClientHttp2Session
  /** What the connection broke with, if it said so. */
  error: Error | undefined
  /** Streams after it have not been looked at by the server, which is about to leave. */
  lastStreamId = Number.POSITIVE_INFINITY
  #runningCount = 0
  #pingTimer: NodeJS.Timeout | undefined
  #pingedAtMs = Number.NEGATIVE_INFINITY

  constructor(http2: ClientHttp2Session) {
    this.http2 = http2
    http2.unref()
    http2.once('close', () => clearTimeout(this.#pingTimer))
  }

  get isUsable(): boolean {
    return !this.http2.destroyed && !this.http2.closed
  }

  /** As long as a call runs, so does the process. */
  enter(): void {
    if (this.#runningCount++ === 0) this.http2.ref()
  }

  leave(): void {
    if (--this.#runningCount === 0 && !this.http2.destroyed) this.http2.unref()
  }

  /** Finds out whether the server is still there: one that has vanished without a word is only noticed by its silence. */
  suspect(): void {
    const nowMs = performance.now()
    if (nowMs - this.#pingedAtMs < PING_INTERVAL_MS || !this.isUsable) return
    this.#pingedAtMs = nowMs
    const giveUp = () => this.http2.destroy(new Error(`no answer to a ping within ${PING_TIMEOUT_MS} ms`))
    this.#pingTimer = setTimeout(giveUp, PING_TIMEOUT_MS).unref()
    this.http2.ping(() => clearTimeout(this.#pingTimer))
  }
}

/**
 * One connection to a server, made when it is first wanted and again when it was lost. All who want it at the same time
 * share the attempt. After a failed one all are refused for a moment.
 */
export class Connection {
  readonly #target: GrpcTarget
  readonly #tls: TlsSettings | undefined
  readonly #closing = new AbortController()
  readonly #waiters = new Set<SessionWaiter>()
  #session: OpenSession | undefined
  #socket: Socket | undefined
  #isConnecting = false
  #failure: unknown
  #pauseMs = 0
  #pausesUntilMs = 0

  constructor(target: GrpcTarget, tls: TlsSettings | undefined) {
    this.#target = target
    this.#tls = tls
  }

  /** Milliseconds until there may be another attempt. */
  get pauseMs(): number {
    return Math.max(0, this.#pausesUntilMs - performance.now())
  }

  /** Calls back at once when there is a session, or may be none. */
  use(waiter: SessionWaiter): void {
    if (this.#session?.isUsable === true) waiter.onSession(this.#session)
    else if (this.#closing.signal.aborted) waiter.onNoSession(closedEarly())
    else if (this.pauseMs > 0) waiter.onNoSession(this.#refusal())
    else {
      this.#waiters.add(waiter)
      this.#socket?.ref()
      if (!this.#isConnecting) void this.#connect()
    }
  }

  /** The attempt goes on, for whoever comes next. */
  leave(waiter: SessionWaiter): void {
    this.#waiters.delete(waiter)
    if (this.#waiters.size === 0) this.#socket?.unref()
  }

  /** No more calls in this session. */
  retire(session: OpenSession): void {
    if (this.#session === session) this.#session = undefined
    if (session.isUsable) session.http2.close()
  }

  /** Retires a session that has run out of numbers for its streams. */
  retireAfter(session: OpenSession, streamId: number | undefined): void {
    if (streamId !== undefined && streamId > LAST_STREAM_ID) this.retire(session)
  }

  /** Lets running calls finish; those that wait for a connection fail. Idempotent. */
  close(): void {
    this.#closing.abort()
    if (this.#session !== undefined) this.retire(this.#session)
    this.#refuseAll(closedEarly())
  }

  async #connect(): Promise<void> {
    this.#isConnecting = true
    try {
      const onSocket = (socket: Socket) => {
        this.#socket = socket
      }
      const http2 = await openSession(this.#target, this.#tls, this.#closing.signal, onSocket)
      this.#open(http2)
    } catch (error) {
      this.#failure = error
      const jitter = 1 + (2 * Math.random() - 1) * JITTER
      this.#pauseMs = Math.min(Math.max(FIRST_PAUSE_MS, this.#pauseMs * PAUSE_GROWTH), MAX_PAUSE_MS)
      this.#pausesUntilMs = performance.now() + this.#pauseMs * jitter
      this.#refuseAll(this.#refusal())
    } finally {
      this.#isConnecting = false
      this.#socket = undefined
    }
  }

  #open(http2: ClientHttp2Session): void {
    const session = new OpenSession(http2)
    http2.on('error', (error: Error) => {
      session.error = error
      this.#forget(session)
    })
    http2.once('close', () => this.#forget(session))
    http2.on('goaway', (_code: number, lastStreamId: number) => {
      session.lastStreamId = lastStreamId
      this.retire(session)
    })
    this.#session = session
    this.#pauseMs = 0
    this.#isConnecting = false
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.onSession(session)
    if (this.#closing.signal.aborted) this.retire(session)
  }

  #forget(session: OpenSession): void {
    if (this.#session === session) this.#session = undefined
  }

  #refuseAll(error: ServingError): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.onNoSession(error)
  }

  #refusal(): ServingError {
    const reason = reasonOf(this.#failure)
    return neverSent(`No connection established to ${this.#target.text}: ${reason}`, this.#failure)
  }
}

function closedEarly(): ServingError {
  return neverSent('the client was closed before there was a connection')
}

/** Where a name has several addresses, the system's reasons come in a list. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (!(first instanceof Error)) return String(first)
  const code = 'code' in first ? String(first.code) : ''
  if (first.message === '') return code
  return code === '' || first.message.includes(code) ? first.message : `${first.message} (${code})`
}
