import type { Logger } from '@millrace/sdk'
import type { FastifyInstance } from 'fastify'
import type { DeployDriver } from '../deploy/index.ts'
import type { Store } from '../store/index.ts'
import type { Builds } from './builds/builds.ts'
import type { EventBus } from './events/event-bus.ts'
import type { ModelFolders } from './models/model-folders.ts'
import type { PayloadArchiveLimits } from './payload/payload-limits.ts'
import type { ResolveRuntime } from './runtimes/resolved-runtime.ts'
import type { RuntimeRegistrations } from './runtimes/runtime-registrations.ts'

/** What the parts of the manager share. */
export interface ManagerParts {
  readonly store: Store
  readonly driver: DeployDriver
  /** Everything on the disk that is not the store's lies in here. */
  readonly dataFolder: string
  readonly log: Logger
  readonly now: () => Date
  /** Aborted when the manager closes. */
  readonly signal: AbortSignal
  readonly events: EventBus
  /** Where the files of versions lie. */
  readonly folders: ModelFolders
  readonly resolveRuntime: ResolveRuntime
  readonly registrations: RuntimeRegistrations
  readonly builds: Builds
  readonly payloadLimits: PayloadArchiveLimits
}

/** Adds the routes of one resource; their paths are whole. */
export type AddRoutes = (app: FastifyInstance, parts: ManagerParts) => void | Promise<void>
