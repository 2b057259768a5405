import { idColumn, type Migration, reference, required } from './migration.ts'

/** What monitoring found in requests: a document for each, summed up in batches. */
export const monitoringTables: Migration = {
  name: 'monitoring-tables',
  async up(database, kind) {
    const { schema } = database
    await schema
      .createTable('monitored_versions')
      .addColumn('version_id', 'bigint', column =>
        column.primaryKey().notNull().references('model_versions.id').onDelete('cascade'),
      )
      .addColumn('check_count', 'bigint', required)
      .execute()
    await schema
      .createTable('check_aggregates')
      .addColumn('id', ...idColumn(kind))
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'cascade'))
      .addColumn('batch_size', 'bigint', required)
      .addColumn('request_count', 'bigint', required)
      .addColumn('first_check_id', 'bigint', required)
      .addColumn('last_check_id', 'bigint', required)
      .addColumn('first_at', 'text', required)
      .addColumn('last_at', 'text', required)
      .addColumn('counts', 'text', required)
      .execute()
    await schema
      .createIndex('check_aggregates_version')
      .on('check_aggregates')
      .columns(['version_id', 'id'])
      .execute()
    await schema
      .createTable('checks')
      .addColumn('id', ...idColumn(kind))
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'cascade'))
      .addColumn('aggregate_id', 'bigint', required)
      .addColumn('request_id', 'text', required)
      .addColumn('recorded_at', 'text', required)
      .addColumn('document', 'text', required)
      .execute()
    await schema.createIndex('checks_version').on('checks').columns(['version_id', 'id']).execute()
    await schema
      .createIndex('checks_request')
      .on('checks')
      .columns(['version_id', 'request_id', 'id'])
      .execute()
    await schema.createIndex('checks_aggregate').on('checks').columns(['aggregate_id', 'id']).execute()
    await schema.createIndex('checks_age').on('checks').columns(['recorded_at']).execute()
  },
}
