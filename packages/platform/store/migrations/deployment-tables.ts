import { idColumn, type Migration, reference, required } from './migration.ts'

/** What runs, and how: deployment configurations, servables, applications, metric specifications. */
export const deploymentTables: Migration = {
  name: 'deployment-tables',
  async up(database, kind) {
    const { schema } = database
    await schema
      .createTable('host_selectors')
      .addColumn('id', ...idColumn(kind))
      .addColumn('name', 'text', column => column.notNull().unique())
      .addColumn('node_selector', 'text', required)
      .execute()
    await schema
      .createTable('deployment_configurations')
      .addColumn('name', 'text', column => column.primaryKey().notNull())
      .addColumn('settings', 'text', required)
      .addColumn('created_at', 'text', required)
      .execute()
    await schema
      .createTable('servables')
      .addColumn('id', ...idColumn(kind))
      .addColumn('full_name', 'text', column => column.notNull().unique())
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'restrict'))
      .addColumn('deployment_configuration', 'text', column =>
        column.references('deployment_configurations.name').onDelete('restrict'),
      )
      .addColumn('status', 'text', required)
      .addColumn('status_message', 'text')
      .addColumn('host', 'text')
      .addColumn('port', 'integer')
      .addColumn('metadata', 'text', required)
      .addColumn('revision', 'integer', column => column.notNull().defaultTo(1))
      .addColumn('created_at', 'text', required)
      .addColumn('updated_at', 'text', required)
      .execute()
    await schema.createIndex('servables_version').on('servables').columns(['version_id', 'id']).execute()
    await schema
      .createIndex('servables_configuration')
      .on('servables')
      .column('deployment_configuration')
      .execute()
    await schema
      .createTable('applications')
      .addColumn('id', ...idColumn(kind))
      .addColumn('name', 'text', column => column.notNull().unique())
      .addColumn('namespace', 'text')
      .addColumn('status', 'text', required)
      .addColumn('status_message', 'text')
      .addColumn('signature', 'text', required)
      .addColumn('graph', 'text', required)
      .addColumn('kafka_streaming', 'text', required)
      .addColumn('metadata', 'text', required)
      .addColumn('revision', 'integer', column => column.notNull().defaultTo(1))
      .addColumn('created_at', 'text', required)
      .addColumn('updated_at', 'text', required)
      .execute()
    await schema
      .createTable('application_versions')
      .addColumn('application_id', 'bigint', reference('applications.id', 'cascade'))
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'restrict'))
      .addPrimaryKeyConstraint('application_versions_pair', ['application_id', 'version_id'])
      .execute()
    await schema
      .createIndex('application_versions_version')
      .on('application_versions')
      .column('version_id')
      .execute()
    await schema
      .createTable('metric_specifications')
      .addColumn('id', 'text', column => column.primaryKey().notNull())
      .addColumn('name', 'text', required)
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'cascade'))
      .addColumn('metric_version_id', 'bigint', reference('model_versions.id', 'restrict'))
      .addColumn('threshold', 'double precision', required)
      .addColumn('operator', 'text', required)
      .addColumn('deployment_configuration', 'text', column =>
        column.references('deployment_configurations.name').onDelete('restrict'),
      )
      .addColumn('servable_name', 'text')
      .addColumn('created_at', 'text', required)
      .execute()
    await schema
      .createIndex('metric_specifications_version')
      .on('metric_specifications')
      .column('version_id')
      .execute()
    await schema
      .createIndex('metric_specifications_metric')
      .on('metric_specifications')
      .column('metric_version_id')
      .execute()
  },
}
