import { type Migration, required } from './migration.ts'

/** What changed, in the order of commits, so that whoever watches can go on where it stopped. */
export const changeTables: Migration = {
  name: 'change-tables',
  async up(database) {
    const { schema } = database
    await schema
      .createTable('change_sequence')
      .addColumn('id', 'integer', column => column.primaryKey().notNull())
      .addColumn('last', 'bigint', required)
      .execute()
    await database.insertInto('change_sequence').values({ id: 1, last: 0 }).execute()
    await schema
      .createTable('changes')
      .addColumn('sequence', 'bigint', column => column.primaryKey().notNull())
      .addColumn('entity', 'text', required)
      .addColumn('action', 'text', required)
      .addColumn('key', 'text', required)
      .addColumn('changed_at', 'text', required)
      .execute()
  },
}
