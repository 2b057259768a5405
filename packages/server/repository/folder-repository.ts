import { lstat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Logger, ServingError } from '@millrace/sdk'
import { readDotenv, readJsonObject, type Variables, type VariablesSource } from '../base/index.ts'
import { isWithin, readBareModels } from './bare-models.ts'
import {
  DEFAULT_SCAN_LIMITS,
  type FolderScan,
  isLeftOut,
  type ScanLimits,
  SETTINGS_FILE_NAME,
  scanFolder,
} from './folder-scan.ts'
import type { BrokenModel, ModelRepository, RepositoryContents } from './model-repository.ts'
import { modelVariables, readModelSettings, readModelSettingsFromVariables } from './model-settings-file.ts'
import type { ModelVersionSettings } from './model-version-settings.ts'

export interface FolderRepositoryOptions {
  readonly root: string
  /** Variables that may describe models (`MLSERVER_MODEL_*`). */
  readonly environment: Variables
  /** Where `.env` is and where paths of a model without settings file begin. Default: that of this process. */
  readonly workingDirectory?: string | undefined
  readonly limits?: ScanLimits | undefined
  /**
   * A model in the folder of its name, whose settings say no version, is found there without a look at the others: for
   * thousands of models that are loaded one by one. Default: another folder may hold a version of it.
   */
  readonly findsByFolder?: boolean | undefined
  /**
   * Variables that name an implementation and no model mean the class of models that a mesh brings. Default: they are a
   * model whose name has been forgotten.
   */
  readonly isServedToMesh?: boolean | undefined
  /** Is told once of each folder whose files fit several models, which is passed over. Default: nobody is. */
  readonly log?: Logger | undefined
}

/**
 * A repository that is a folder: each `model-settings.json` below it is one model version, and so is each folder without
 * one whose files show what it is, unless a model with settings reads from it. Where there is neither, variables may
 * describe one model (`MLSERVER_MODEL_IMPLEMENTATION`, as KServe does).
 */
export function createFolderRepository(options: FolderRepositoryOptions): ModelRepository {
  const root = resolve(options.root)
  const workingDirectory = options.workingDirectory ?? process.cwd()
  const limits = options.limits ?? DEFAULT_SCAN_LIMITS

  const told = new Set<string>()
  const tell = (unclear: FolderScan['unclear'], found: readonly ModelVersionSettings[]) => {
    for (const { path, error } of unclear) {
      if (told.has(path) || found.some(({ uri }) => isWithin(uri, path))) continue
      told.add(path)
      options.log?.warn(`${error.message}; until then it is not served`)
    }
  }

  const list = async (): Promise<RepositoryContents> => {
    const variables = [
      modelVariables(options.environment, 'environment'),
      modelVariables(await readDotenv(workingDirectory), '.env'),
    ]
    const describes = (field: string) => variables.some(({ values }) => (values[field] ?? '') !== '')
    const hasModelInVariables =
      describes('implementation') && (describes('name') || options.isServedToMesh !== true)
    const { files, bare, unclear, unreadable } = await scanFolder(root, limits).catch((error: unknown) =>
      noFolder(root, hasModelInVariables, error),
    )
    if (files.length === 0 && hasModelInVariables) {
      const { found, broken } = modelFromVariables(variables, workingDirectory)
      return { found, broken: [...unreadable.map(nameAfterFolder), ...broken] }
    }
    const { found, broken } = await readFiles(files, variables, root)
    if (!hasModelInVariables) tell(unclear, found)
    // Variables that describe a model mean that one, and not whatever lies beside it.
    const others = hasModelInVariables ? NOTHING : readBareModels(bare, found, variables, root)
    return {
      found: [...found, ...others.found],
      broken: [...unreadable.map(nameAfterFolder), ...broken, ...others.broken],
    }
  }

  const findInOwnFolder = async (name: string): Promise<ModelVersionSettings | undefined> => {
    if (basename(name) !== name || isLeftOut(name)) return undefined
    const variables = [
      modelVariables(options.environment, 'environment'),
      modelVariables(await readDotenv(workingDirectory), '.env'),
    ]
    // Whatever is wrong with it is said by the search through all.
    const settings = await readModelSettings(join(root, name, SETTINGS_FILE_NAME), variables).catch(
      () => null,
    )
    return settings?.name === name && settings.version === undefined ? settings : undefined
  }

  return {
    list,
    async find(name) {
      const own = options.findsByFolder === true ? await findInOwnFolder(name) : undefined
      if (own !== undefined) return [own]
      const { found, broken } = await list()
      const mistake = broken.find(model => model.name === name)
      if (mistake !== undefined) throw mistake.error
      return found.filter(settings => settings.name === name)
    },
  }
}

const NOTHING: RepositoryContents = { found: [], broken: [] }

/** A missing folder is a mistake, unless there is a model that needs none. */
function noFolder(root: string, hasModelInVariables: boolean, error: unknown): FolderScan {
  if (!ServingError.is(error) || error.code !== 'NOT_FOUND') throw error
  return { files: [], bare: [], unclear: [], unreadable: hasModelInVariables ? [] : [{ path: root, error }] }
}

/** Few enough to leave file descriptors to others, enough to keep the disk busy. */
const FILES_AT_ONCE = 16

async function readFiles(
  files: readonly string[],
  variables: readonly VariablesSource[],
  root: string,
): Promise<RepositoryContents> {
  const found = new Map<string, ModelVersionSettings>()
  const broken: BrokenModel[] = []
  for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
    const paths = files.slice(start, start + FILES_AT_ONCE)
    const results = await Promise.all(paths.map(path => readFileOf(path, variables)))
    for (const result of results) {
      if (result === undefined) continue
      if ('error' in result) {
        broken.push(result)
        continue
      }
      const key = JSON.stringify([result.name, result.version ?? null])
      const earlier = found.get(key)
      if (earlier === undefined) found.set(key, withNameWarning(result, root))
      else broken.push(duplicate(result, earlier))
    }
  }
  return { found: [...found.values()], broken }
}

async function readFileOf(
  path: string,
  variables: readonly VariablesSource[],
): Promise<ModelVersionSettings | BrokenModel | undefined> {
  try {
    const settings = await readModelSettings(path, variables)
    if (settings !== undefined) return settings
    const link = await lstat(path).catch(() => undefined)
    // Without a link the file has gone since the folder was read.
    if (link === undefined) return undefined
    throw new ServingError('NOT_FOUND', `${path} is a link that leads nowhere`)
  } catch (error) {
    const name = await guessName(path)
    return { path, name, error: ServingError.from(error, `${path} cannot be read`) }
  }
}

function modelFromVariables(
  variables: readonly VariablesSource[],
  workingDirectory: string,
): RepositoryContents {
  try {
    return { found: [readModelSettingsFromVariables(variables, workingDirectory)], broken: [] }
  } catch (error) {
    const name = variables.map(({ values }) => values['name']).find(value => typeof value === 'string')
    const path = 'environment'
    return {
      found: [],
      broken: [{ path, name: name ?? '', error: ServingError.from(error, 'the environment cannot be read') }],
    }
  }
}

/** People look for a model in the folder of its name; the root's own name says nothing. */
function withNameWarning(settings: ModelVersionSettings, root: string): ModelVersionSettings {
  const { name, version, folder, settingsFile, warnings } = settings
  const folderName = basename(folder)
  if (folder === root || name === folderName || version === folderName) return settings
  const warning = `${settingsFile}: the name '${name}' differs from that of its folder`
  return { ...settings, warnings: [...warnings, warning] }
}

function duplicate(settings: ModelVersionSettings, earlier: ModelVersionSettings): BrokenModel {
  const { name, version, settingsFile: path = '' } = settings
  const subject =
    version === undefined ? `model '${name}' without a version` : `model '${name}', version '${version}'`
  const message =
    `${path} describes ${subject}, which ${earlier.settingsFile} describes already; ` +
    'give one of them another name or another parameters.version'
  return { path, name, error: new ServingError('ALREADY_EXISTS', message) }
}

/** The name in a file whose settings are wrong elsewhere; the folder's if the file tells none. */
async function guessName(path: string): Promise<string> {
  const values = await readJsonObject(path).catch(() => undefined)
  const name = values?.['name']
  return typeof name === 'string' && name !== '' ? name : basename(dirname(path))
}

function nameAfterFolder({ path, error }: FolderScan['unreadable'][number]): BrokenModel {
  return { path, name: basename(path), error }
}
