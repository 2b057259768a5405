import { sql } from 'kysely'
import { idColumn, type Migration, reference, required } from './migration.ts'

/** Training data that was handed in, and the profiles of what was seen in it and in production. */
export const trainingTables: Migration = {
  name: 'training-tables',
  async up(database, kind) {
    const { schema } = database
    await schema
      .createTable('training_uploads')
      .addColumn('id', ...idColumn(kind))
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'cascade'))
      .addColumn('uri', 'text')
      .addColumn('payload_digest', 'text', column =>
        column.references('payload_blobs.digest').onDelete('restrict'),
      )
      .addColumn('status', 'text', required)
      .addColumn('message', 'text')
      .addColumn('row_count', 'bigint', required)
      .addColumn('skipped_row_count', 'bigint', required)
      .addColumn('created_at', 'text', required)
      .addColumn('finished_at', 'text')
      .execute()
    await schema
      .createIndex('training_uploads_version')
      .on('training_uploads')
      .columns(['version_id', 'id'])
      .execute()
    await schema
      .createIndex('training_uploads_payload')
      .on('training_uploads')
      .column('payload_digest')
      .execute()
    // Of one version, one at a time.
    await schema
      .createIndex('training_uploads_processing')
      .unique()
      .on('training_uploads')
      .column('version_id')
      .where(sql<boolean>`status = 'Processing'`)
      .execute()
    await schema
      .createTable('profile_sets')
      .addColumn('version_id', 'bigint', reference('model_versions.id', 'cascade'))
      .addColumn('side', 'text', required)
      .addColumn('updated_at', 'text', required)
      .addPrimaryKeyConstraint('profile_sets_name', ['version_id', 'side'])
      .execute()
    await schema
      .createTable('profiles')
      .addColumn('version_id', 'bigint', required)
      .addColumn('side', 'text', required)
      .addColumn('field', 'text', required)
      .addColumn('state', 'text', required)
      .addPrimaryKeyConstraint('profiles_name', ['version_id', 'side', 'field'])
      .addForeignKeyConstraint(
        'profiles_set',
        ['version_id', 'side'],
        'profile_sets',
        ['version_id', 'side'],
        constraint => constraint.onDelete('cascade'),
      )
      .execute()
  },
}
