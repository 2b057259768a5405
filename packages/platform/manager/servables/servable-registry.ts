import { ServingError } from '@millrace/sdk'
import type { ModelVersionRecord, ServableRecord, StringMap } from '../../store/index.ts'
import { allPages } from '../all-pages.ts'
import type { ServingParts } from '../serving-parts.ts'
import { checkDeployable, findConfiguration } from './check-deployable.ts'
import { createServable } from './create-servable.ts'
import { OWNER_KEYS } from './servable-owner.ts'
import { usersOf } from './servable-users.ts'

/** Servables as clients ask for them. */
export interface ServableRegistry {
  list(): Promise<readonly ServableRecord[]>
  /** Rejects NOT_FOUND. */
  get(fullName: string): Promise<ServableRecord>
  /**
   * Answers when it is noted; how it starts is told by its status.
   * Rejects NOT_FOUND for a version or a configuration that is not there, FAILED_PRECONDITION for a version that cannot
   * be deployed, INVALID_ARGUMENT for metadata that are the platform's to give.
   */
  deploy(request: DeployRequest): Promise<ServableRecord>
  /** Rejects NOT_FOUND, and FAILED_PRECONDITION while an application or a metric specification uses it. */
  remove(fullName: string): Promise<ServableRecord>
  /** Rejects NOT_FOUND. Lines of the log so far, and with `follow` those to come. */
  logs(
    fullName: string,
    options: { readonly follow: boolean; readonly signal: AbortSignal },
  ): Promise<AsyncIterable<string>>
}

export interface DeployRequest {
  /** Its id, or its model and number. */
  readonly version: number | { readonly modelName: string; readonly version: number }
  readonly metadata?: StringMap | undefined
  readonly deploymentConfiguration?: string | null | undefined
}

export function createServableRegistry(parts: ServingParts): ServableRegistry {
  const { store, runs, inTurn, pickName, graces } = parts
  const get = async (fullName: string) => {
    const servable = await store.servables.find(fullName)
    if (servable !== undefined) return servable
    throw new ServingError('NOT_FOUND', `Can't find Servable ${fullName}`)
  }
  return {
    list: () => allPages(page => store.servables.list(page)),
    get,
    async deploy({ version: wanted, metadata = {}, deploymentConfiguration }) {
      const reserved = OWNER_KEYS.find(key => Object.hasOwn(metadata, key))
      if (reserved !== undefined) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          `metadata.${reserved} is the platform's to give; leave it out`,
        )
      }
      const made = await inTurn(async () =>
        store.transaction(async tables => {
          const version =
            typeof wanted === 'number'
              ? await tables.modelVersions.get(wanted)
              : await tables.modelVersions.find(wanted.modelName, wanted.version)
          if (version === undefined)
            throw new ServingError('NOT_FOUND', `Can't find modelversion ${shown(wanted)}`)
          checkDeployable(version)
          const configuration = await findConfiguration(tables, deploymentConfiguration)
          return createServable(tables, pickName, { version, configuration, metadata })
        }),
      )
      runs.start(made.order)
      return made.record
    },
    async remove(fullName) {
      const removed = await inTurn(() =>
        store.transaction(async tables => {
          const servable = await tables.servables.find(fullName)
          if (servable === undefined) {
            throw new ServingError('NOT_FOUND', `Can't stop Servable ${fullName} because it doesn't exist`)
          }
          const { applications, metrics } = await usersOf(tables, servable)
          const user =
            applications.length > 0
              ? `applications [${applications.join(', ')}]`
              : metrics.length > 0
                ? `metric specifications [${metrics.join(', ')}]`
                : undefined
          if (user !== undefined) {
            throw new ServingError(
              'FAILED_PRECONDITION',
              `Can't stop Servable ${fullName}. It's used in ${user}.`,
            )
          }
          return tables.servables.delete(fullName)
        }),
      )
      void runs.stop(fullName, graces.stopMs)
      return removed
    },
    async logs(fullName, options) {
      await get(fullName)
      return runs.logs(fullName, options)
    },
  }
}

function shown(wanted: number | Pick<ModelVersionRecord, 'modelName' | 'version'>): string {
  return typeof wanted === 'number' ? `id ${wanted}` : `${wanted.modelName}:${wanted.version}`
}
