import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@millrace/sdk'
import type { ModelRepository } from './model-repository.ts'
import type { ModelStager } from './sources/model-stager.ts'

export interface RemoteRepositoryOptions {
  readonly uri: string
  readonly stager: ModelStager
  /** Aborted when the server stops. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** The repository in the folder that the URI was staged to. */
  readonly inFolder: (root: string) => ModelRepository
}

/**
 * A repository behind a URI, staged as a whole into a folder: with the first call, and anew for every model that is
 * asked for by name. A list shows what was staged last.
 */
export function createRemoteRepository(options: RemoteRepositoryOptions): ModelRepository {
  const { uri, stager, signal, log, inFolder } = options
  let staged: { readonly folder: string; readonly repository: ModelRepository } | undefined

  const stage = async (asked?: AbortSignal): Promise<ModelRepository> => {
    const either = asked === undefined ? signal : AbortSignal.any([signal, asked])
    const folder = await stager.stage(uri, { signal: either, log })
    if (folder !== staged?.folder) {
      staged = { folder, repository: inFolder(folder) }
      const settings = await stat(join(folder, 'settings.json')).catch(() => undefined)
      if (settings !== undefined) {
        log.warn(
          'settings.json of a repository behind a URI is not read; set the same in variables or flags',
          { uri },
        )
      }
    }
    return staged.repository
  }

  return {
    async list() {
      return (staged?.repository ?? (await stage())).list()
    },
    async find(name, signal) {
      return (await stage(signal)).find(name)
    },
  }
}
