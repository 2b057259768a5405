import type { ColumnBuilderCallback, Kysely } from 'kysely'

export type DatabaseKind = 'sqlite' | 'postgres'

/** A migration sees whatever tables there are at its time, so none of them has a type. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyTables = any

/** One step from a schema to the next. Never changed once it was released: what is wrong in it, the next one repairs. */
export interface Migration {
  readonly name: string
  up(database: Kysely<AnyTables>, kind: DatabaseKind): Promise<void>
}

/** The type and the modifiers of a primary key that the database counts up and never gives twice. */
export function idColumn(kind: DatabaseKind): ['bigint' | 'integer', ColumnBuilderCallback] {
  return kind === 'sqlite'
    ? ['integer', column => column.primaryKey().autoIncrement()]
    : ['bigint', column => column.primaryKey().generatedAlwaysAsIdentity()]
}

/** A column that points to a row's id. */
export function reference(target: string, onDelete: 'cascade' | 'restrict'): ColumnBuilderCallback {
  return column => column.notNull().references(target).onDelete(onDelete)
}

export const required: ColumnBuilderCallback = column => column.notNull()
