import { ServingError } from '@millrace/sdk'
import { type Dialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { WakeUps } from './wake-ups.ts'

/** The channel on which commits are announced. */
export const POSTGRES_CHANNEL = 'millrace'
const CONNECT_TIMEOUT_MS = 10_000
const STATEMENT_TIMEOUT_MS = 60_000
const RECONNECT_MIN_MS = 100
const RECONNECT_MAX_MS = 10_000

/** A PostgreSQL database, and an ear for what other processes say about it. */
export interface PostgresDatabase {
  readonly dialect: Dialect
  /** Begins to pass on what others notify. Rejects UNAVAILABLE when the database cannot be reached. */
  listen(wakeUps: WakeUps): Promise<void>
  /** Stops listening. The pool is closed by kysely. */
  close(): Promise<void>
}

/** @throws ServingError INVALID_ARGUMENT for what is no address of a PostgreSQL database */
export function openPostgres(url: string, connectionsMax: number): PostgresDatabase {
  const address = shownAddress(url)
  const types = new pg.TypeOverrides()
  // Ids, sequences and counts, none of which comes near 2^53; `pg` gives them as text.
  types.setTypeParser(pg.types.builtins.INT8, Number)
  const config: pg.ClientConfig = {
    connectionString: url,
    application_name: 'millrace',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
    types,
  }
  const pool = new pg.Pool({ ...config, max: connectionsMax })
  // An idle connection that breaks is replaced by the pool; whoever asks next sees whether that works.
  pool.on('error', () => undefined)
  // One that breaks while it is asked fails what was asked; the event comes besides.
  pool.on('connect', client => client.on('error', () => undefined))
  const ear = new Ear(config, address)
  return {
    dialect: new PostgresDialect({ pool }),
    listen: wakeUps => ear.listen(wakeUps),
    close: () => ear.close(),
  }
}

/** One connection that only listens, and is made anew when it breaks. */
class Ear {
  readonly #config: pg.ClientConfig
  readonly #address: string
  #client: pg.Client | undefined
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(config: pg.ClientConfig, address: string) {
    this.#config = config
    this.#address = address
  }

  async listen(wakeUps: WakeUps): Promise<void> {
    const client = new pg.Client(this.#config)
    client.on('notification', ({ payload }) => wakeUps.wake(payload ?? ''))
    // Each break ends in `end`; `error` only has to be heard.
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query(`listen ${POSTGRES_CHANNEL}`)
    } catch (cause) {
      await client.end().catch(() => undefined)
      const reason = cause instanceof Error ? cause.message || String(cause) : String(cause)
      throw new ServingError('UNAVAILABLE', `the database ${this.#address} cannot be reached: ${reason}`, {
        cause,
      })
    }
    if (this.#isClosed) return client.end()
    this.#client = client
    client.once('end', () => this.#listenAgain(wakeUps, RECONNECT_MIN_MS))
    return undefined
  }

  #listenAgain(wakeUps: WakeUps, delayMs: number): void {
    if (this.#isClosed) return
    this.#client = undefined
    this.#retry = setTimeout(() => {
      this.listen(wakeUps).then(
        () => wakeUps.wakeAll(),
        () => this.#listenAgain(wakeUps, Math.min(delayMs * 2, RECONNECT_MAX_MS)),
      )
    }, delayMs)
    this.#retry.unref()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    await this.#client?.end()
  }
}

/** The address without what is secret in it. */
function shownAddress(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'the database address must have the form postgres://user:password@host:port/name',
    )
  }
  return `${parsed.protocol}//${parsed.searchParams.get('host') ?? parsed.host}${parsed.pathname}`
}
