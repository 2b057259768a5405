import { ServingError } from '@millrace/sdk'
import type { ApplicationRecord } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import type { ServingParts } from '../serving-parts.ts'
import type { ApplicationRequest } from './application-request.ts'
import { createApplication } from './create-application.ts'
import { removeApplication } from './remove-application.ts'
import type { Settlement } from './settle-application.ts'
import { updateApplication } from './update-application.ts'

/** Applications as clients ask for them. */
export interface ApplicationRegistry {
  list(): Promise<readonly ApplicationRecord[]>
  /** Rejects NOT_FOUND. */
  get(name: string): Promise<ApplicationRecord>
  /**
   * Answers when the application and its servables are noted; its status tells how they start.
   * Rejects INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS and FAILED_PRECONDITION for what does not fit, is not there, is
   * taken, or cannot be deployed; then nothing has changed.
   */
  create(request: ApplicationRequest): Promise<ApplicationRecord>
  /**
   * Replaces what the application is made of; its id stays, and without `metadata` they do. What was ready goes on
   * answering until everything new serves; servables of the same version and configuration are kept.
   * Rejects as {@link ApplicationRegistry.create}.
   */
  update(id: number, request: ApplicationRequest): Promise<ApplicationRecord>
  /** Its name is free at once. Its servables are stopped, but for those that something else uses. Rejects NOT_FOUND. */
  remove(name: string): Promise<ApplicationRecord>
}

export function createApplicationRegistry(parts: ServingParts, settlement: Settlement): ApplicationRegistry {
  const { store, inTurn } = parts
  return {
    list: () => allPages(page => store.applications.list(page)),
    async get(name) {
      const application = await store.applications.find(name)
      if (application !== undefined) return application
      throw new ServingError('NOT_FOUND', `Application with name ${name} is not found`)
    },
    create: request => inTurn(() => createApplication(parts, request)),
    update: (id, request) => inTurn(() => updateApplication(parts, settlement, id, request)),
    remove: name => inTurn(() => removeApplication(parts, name)),
  }
}
