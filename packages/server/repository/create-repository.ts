import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Logger, ServingError } from '@millrace/sdk'
import type { ServerSettings, Variables } from '../base/index.ts'
import { createCustomRepository } from './custom-repository.ts'
import { createFileRepository } from './file-repository.ts'
import { createFolderRepository } from './folder-repository.ts'
import { DEFAULT_SCAN_LIMITS } from './folder-scan.ts'
import type { ModelRepository } from './model-repository.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'
import { createRemoteRepository } from './remote-repository.ts'
import type { ModelStager, StageContext } from './sources/model-stager.ts'
import { remoteScheme, shownUri } from './sources/remote-uri.ts'

export interface RepositoryOptions {
  readonly settings: Pick<
    ServerSettings,
    'modelRepositoryImplementation' | 'modelRepositoryImplementationArgs' | 'loadsModelsAtStartup'
  > &
    Partial<Pick<ServerSettings, 'modelMemory' | 'mesh' | 'modelRuntime'>>
  /** A folder, the file of a model, or a URI. */
  readonly root: string
  readonly environment: Variables
  readonly stager: ModelStager
  /** Aborted when the server stops. */
  readonly signal: AbortSignal
  readonly log: Logger
}

/**
 * The repository that the settings ask for: the operator's own class, one behind a URI, one model's file, or a folder.
 * @throws ServingError INVALID_ARGUMENT for a URI of an unknown scheme
 */
export function createRepository(options: RepositoryOptions): ModelRepository {
  const { settings, root, environment, stager, signal, log } = options
  const { modelRepositoryImplementation: implementation, modelRepositoryImplementationArgs: args } = settings
  if (implementation !== undefined) {
    return createCustomRepository({ implementation, root, args, environment })
  }
  const findsByFolder = !settings.loadsModelsAtStartup
  // More models than fit into memory are more than anybody has by mistake.
  const limits =
    settings.modelMemory === undefined ? undefined : { ...DEFAULT_SCAN_LIMITS, maxFolders: 100_000 }
  const isServedToMesh = settings.mesh !== undefined || settings.modelRuntime !== undefined
  const inFolder = (folder: string) =>
    createFolderRepository({ root: folder, environment, log, findsByFolder, isServedToMesh, limits })
  if (remoteScheme(root) === undefined) {
    if (isFile(root)) return createFileRepository(resolve(root), environment)
    if (!/^[a-z][a-z\d+.-]+:\/\//i.test(root)) return inFolder(root)
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the model repository is ${JSON.stringify(shownUri(root))}; allowed is a folder, or a URI that begins with s3://, https://, http:// or oci://`,
    )
  }
  return createRemoteRepository({ uri: root, stager, signal, log, inFolder })
}

/**
 * True if the models lie in a folder of this machine, whose changes can be watched.
 */
export function isWatchable({ root, settings }: Pick<RepositoryOptions, 'root' | 'settings'>): boolean {
  return (
    settings.modelRepositoryImplementation === undefined && remoteScheme(root) === undefined && !isFile(root)
  )
}

function isFile(root: string): boolean {
  return statSync(root, { throwIfNoEntry: false })?.isFile() === true
}

/** Settings whose artefact is on this machine: `uri` is the path of what was downloaded. */
export async function stageArtefact(
  settings: ModelVersionSettings,
  stager: ModelStager,
  context: StageContext,
): Promise<ModelVersionSettings> {
  if (remoteScheme(settings.uri) === undefined) return settings
  return { ...settings, uri: await stager.stage(settings.uri, context) }
}
