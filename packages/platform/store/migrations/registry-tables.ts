import { sql } from 'kysely'
import { idColumn, type Migration, reference, required } from './migration.ts'

/** Models, their versions, what they were made of and how that went; runtimes. */
export const registryTables: Migration = {
  name: 'registry-tables',
  async up(database, kind) {
    const { schema } = database
    await schema
      .createTable('models')
      .addColumn('id', ...idColumn(kind))
      .addColumn('name', 'text', column => column.notNull().unique())
      .addColumn('next_version', 'integer', column => column.notNull().defaultTo(1))
      .addColumn('created_at', 'text', required)
      .execute()
    await schema
      .createTable('payload_blobs')
      .addColumn('digest', 'text', column => column.primaryKey().notNull())
      .addColumn('size_bytes', 'bigint', required)
      .addColumn('created_at', 'text', required)
      .addColumn('used_at', 'text', required)
      .execute()
    await schema
      .createTable('model_versions')
      .addColumn('id', ...idColumn(kind))
      .addColumn('model_id', 'bigint', reference('models.id', 'cascade'))
      .addColumn('version', 'integer', required)
      .addColumn('status', 'text', required)
      .addColumn('status_message', 'text')
      .addColumn('is_external', 'integer', required)
      .addColumn('signature', 'text', required)
      .addColumn('runtime', 'text')
      .addColumn('image', 'text')
      .addColumn('payload_digest', 'text', column =>
        column.references('payload_blobs.digest').onDelete('restrict'),
      )
      .addColumn('install_command', 'text')
      .addColumn('training_data', 'text')
      .addColumn('metadata', 'text', required)
      .addColumn('monitoring_configuration', 'text', required)
      .addColumn('created_at', 'text', required)
      .addColumn('finished_at', 'text')
      .addUniqueConstraint('model_versions_number', ['model_id', 'version'])
      .execute()
    await schema.createIndex('model_versions_status').on('model_versions').columns(['status', 'id']).execute()
    await schema.createIndex('model_versions_payload').on('model_versions').column('payload_digest').execute()
    await schema
      .createTable('build_logs')
      .addColumn('version_id', 'bigint', column =>
        column.primaryKey().notNull().references('model_versions.id').onDelete('cascade'),
      )
      .addColumn('line_count', 'integer', required)
      .addColumn('is_complete', 'integer', required)
      .execute()
    await schema
      .createTable('build_log_lines')
      .addColumn('version_id', 'bigint', reference('build_logs.version_id', 'cascade'))
      .addColumn('line_index', 'integer', required)
      .addColumn('line', 'text', required)
      .addPrimaryKeyConstraint('build_log_lines_place', ['version_id', 'line_index'])
      .execute()
    await schema
      .createTable('runtimes')
      .addColumn('id', ...idColumn(kind))
      .addColumn('name', 'text', required)
      .addColumn('version', 'text', required)
      .addColumn('model_types', 'text', required)
      .addColumn('tags', 'text', required)
      .addColumn('config_params', 'text', required)
      .addColumn('status', 'text', required)
      .addColumn('status_text', 'text')
      .addColumn('started_at', 'text', required)
      .addColumn('finished_at', 'text')
      .execute()
    // A registration that failed does not keep its name.
    await schema
      .createIndex('runtimes_name')
      .unique()
      .on('runtimes')
      .columns(['name', 'version'])
      .where(sql<boolean>`status <> 'Failed'`)
      .execute()
  },
}
