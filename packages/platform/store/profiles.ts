import { found } from './records.ts'
import type { Scope } from './scope.ts'

/** What values a profile was made of. */
export type ProfileSide = 'training' | 'production'

/** What was seen in the fields of a version. What a state says is the business of whoever writes it. */
export interface Profiles {
  /** The states of a side by field. */
  read(versionId: number, side: ProfileSide): Promise<ReadonlyMap<string, string>>
  /** One field's; `undefined` for one that nobody has seen. */
  readField(versionId: number, side: ProfileSide, field: string): Promise<string | undefined>
  /**
   * Writes the states that `change` makes of those that are there; it leaves others as they are. Two who do so at once do
   * it one after the other. Rejects NOT_FOUND for a version that is not there, and with what `change` throws.
   *
   * @param fields those that `change` is given, and may return
   */
  merge(
    versionId: number,
    side: ProfileSide,
    fields: readonly string[],
    change: (states: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
  ): Promise<void>
}

export function createProfiles(scope: Scope, now: () => Date): Profiles {
  return {
    read: (versionId, side) =>
      scope.read(async database => {
        const rows = await database
          .selectFrom('profiles')
          .select(['field', 'state'])
          .where('version_id', '=', versionId)
          .where('side', '=', side)
          .orderBy('field')
          .execute()
        return new Map(rows.map(({ field, state }) => [field, state]))
      }),
    readField: (versionId, side, field) =>
      scope.read(async database => {
        const query = database
          .selectFrom('profiles')
          .select('state')
          .where('version_id', '=', versionId)
          .where('side', '=', side)
          .where('field', '=', field)
        return (await query.executeTakeFirst())?.state
      }),
    merge: (versionId, side, fields, change) =>
      scope.write(async ({ database }) => {
        const version = database.selectFrom('model_versions').select('id').where('id', '=', versionId)
        found(await version.executeTakeFirst(), `modelversion id ${versionId}`)
        const time = now().toISOString()
        // This row is the lock: who comes second waits here until the first has committed.
        await database
          .insertInto('profile_sets')
          .values({ version_id: versionId, side, updated_at: time })
          .onConflict(conflict => conflict.columns(['version_id', 'side']).doUpdateSet({ updated_at: time }))
          .execute()
        if (fields.length === 0) return
        const rows = await database
          .selectFrom('profiles')
          .select(['field', 'state'])
          .where('version_id', '=', versionId)
          .where('side', '=', side)
          .where('field', 'in', [...fields])
          .execute()
        const before = new Map(rows.map(({ field, state }) => [field, state]))
        for (const [field, state] of change(before)) {
          await database
            .insertInto('profiles')
            .values({ version_id: versionId, side, field, state })
            .onConflict(conflict => conflict.columns(['version_id', 'side', 'field']).doUpdateSet({ state }))
            .execute()
        }
      }),
  }
}
