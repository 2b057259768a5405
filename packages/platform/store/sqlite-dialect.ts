import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** Prepared statements kept; the room asks fewer different questions than this. */
const STATEMENTS_MAX = 256

/**
 * kysely on `node:sqlite`. There is one connection, and kysely queues on it: a transaction has the database for
 * itself until it ends. Closing kysely closes the database.
 */
export function sqliteDialect(database: DatabaseSync): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new NodeSqliteDriver(database),
    createIntrospector: kysely => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Values for a statement that is run once for each row. */
class Rows {
  readonly values: readonly (readonly SQLInputValue[])[]

  constructor(values: readonly (readonly SQLInputValue[])[]) {
    this.values = values
  }
}

/** Inserts row after row with one statement, without asking kysely for each. */
export function insertRows(
  sql: string,
  rows: readonly (readonly SQLInputValue[])[],
): CompiledQuery<{ readonly id: number }> {
  return CompiledQuery.raw(sql, [new Rows(rows)])
}

class NodeSqliteDriver implements Driver {
  readonly #database: DatabaseSync
  readonly #connection: NodeSqliteConnection

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#connection = new NodeSqliteConnection(database)
  }

  init(): Promise<void> {
    return Promise.resolve()
  }

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.#connection)
  }

  /** Takes the right to write at once: a transaction that asks for it later, after reading, may have to be thrown away. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk, for one, makes SQLite roll back by itself.
    if (this.#database.isTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  releaseConnection(): Promise<void> {
    return Promise.resolve()
  }

  destroy(): Promise<void> {
    this.#database.close()
    return Promise.resolve()
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, { readonly statement: StatementSync; readonly hasRows: boolean }>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  // `async`, so that what SQLite throws becomes a rejection.
  // oxlint-disable-next-line require-await
  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { statement, hasRows } = this.#prepare(sql)
    if (parameters[0] instanceof Rows) {
      return { rows: parameters[0].values.map(row => ({ id: statement.run(...row).lastInsertRowid }) as Row) }
    }
    const values = parameters as readonly SQLInputValue[]
    if (hasRows) return { rows: statement.all(...values) as Row[] }
    const { changes } = statement.run(...values)
    return { rows: [], numAffectedRows: BigInt(changes) }
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    await Promise.reject(new Error('queries are not streamed: lists are read in pages'))
  }

  #prepare(sql: string): { readonly statement: StatementSync; readonly hasRows: boolean } {
    const kept = this.#statements.get(sql)
    if (kept !== undefined) return kept
    const statement = this.#database.prepare(sql)
    const prepared = { statement, hasRows: statement.columns().length > 0 }
    const [oldest] = this.#statements.keys()
    if (this.#statements.size >= STATEMENTS_MAX && oldest !== undefined) this.#statements.delete(oldest)
    this.#statements.set(sql, prepared)
    return prepared
  }
}
