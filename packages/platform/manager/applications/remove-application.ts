import { ServingError } from '@millrace/sdk'
import type { ApplicationRecord } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import { ownerApplicationId } from '../servables/servable-owner.ts'
import { usersOf } from '../servables/servable-users.ts'
import type { ServingParts } from '../serving-parts.ts'

/** Removes an application and the servables that were deployed for it and that nobody else uses. To be called in turn. */
export async function removeApplication(
  { store, runs, routing, graces }: ServingParts,
  name: string,
): Promise<ApplicationRecord> {
  const { application, stopped } = await store.transaction(async tables => {
    if ((await tables.applications.find(name)) === undefined) {
      throw new ServingError('NOT_FOUND', `Application with name ${name} is not found`)
    }
    const application = await tables.applications.delete(name)
    const stopped: string[] = []
    // Also those that an update has replaced, and that would be gone by themselves soon: nobody waits for them any more.
    for (const servable of await allPages(page => tables.servables.list(page))) {
      if (ownerApplicationId(servable) !== application.id) continue
      const { applications, metrics } = await usersOf(tables, servable)
      if (applications.length > 0 || metrics.length > 0) continue
      await tables.servables.delete(servable.fullName)
      stopped.push(servable.fullName)
    }
    return { application, stopped }
  })
  routing.removeApplication(application.id)
  for (const fullName of stopped) void runs.stop(fullName, graces.stopMs)
  return application
}
