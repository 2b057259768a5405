import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { type Recognition, recogniseFolder } from './recognise-model.ts'

export const SETTINGS_FILE_NAME = 'model-settings.json'

export interface ScanLimits {
  /** Levels of folders below the root. */
  readonly maxDepth: number
  /** Folders that one scan looks into; also the bound for links that fan out. */
  readonly maxFolders: number
}

export const DEFAULT_SCAN_LIMITS: ScanLimits = { maxDepth: 16, maxFolders: 10_000 }

export interface FolderScan {
  /** Paths of settings files, in order. */
  readonly files: readonly string[]
  /** Folders without settings, in themselves or above, whose files show that they are a model. */
  readonly bare: readonly BareModel[]
  /** Why folders whose files fit several models are none. */
  readonly unclear: readonly { readonly path: string; readonly error: ServingError }[]
  /** Folders that could not be looked into, in order. */
  readonly unreadable: readonly { readonly path: string; readonly error: ServingError }[]
}

export interface BareModel {
  readonly folder: string
  readonly recognition: Recognition
}

/** A folder on the way down. */
interface Folder {
  readonly path: string
  /** The path without links, which is the same whatever way led here. */
  readonly realPath: string
  readonly depth: number
  readonly parent: Folder | undefined
  /** True inside a model's folder: what lies there is that model's. */
  readonly isOwned: boolean
}

/**
 * Finds every `model-settings.json` at any depth below `root`. Linked folders are followed, because
 * ModelMesh links models into its repository, but not into a folder that holds them. Left out are
 * `node_modules` and folders whose name begins with a dot. Folders that are models without such a file are found too.
 * @throws ServingError NOT_FOUND without a root, RESOURCE_EXHAUSTED beyond `maxFolders`
 */
export async function scanFolder(
  root: string,
  limits: ScanLimits = DEFAULT_SCAN_LIMITS,
): Promise<FolderScan> {
  const files: string[] = []
  const bare: BareModel[] = []
  const unclear: { path: string; error: ServingError }[] = []
  const unreadable: { path: string; error: ServingError }[] = []
  let folderCount = 0

  const refuse = (path: string, error: ServingError) => void unreadable.push({ path, error })
  const visit = async (folder: Folder): Promise<void> => {
    if (folder.depth > limits.maxDepth) {
      const message = `${folder.path} lies more than ${limits.maxDepth} folders below ${root}; models further down are not looked for`
      refuse(folder.path, new ServingError('RESOURCE_EXHAUSTED', message))
      return
    }
    if (++folderCount > limits.maxFolders) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `model repository ${root} has more than ${limits.maxFolders} folders; keep only models in it, or look for links that multiply them`,
      )
    }
    const entries = await readEntries(folder.path, error => refuse(folder.path, error))
    let isOwned = folder.isOwned || entries.some(({ name }) => name === SETTINGS_FILE_NAME)
    if (!isOwned) {
      // One that holds several models is not one; each of them needs its settings.
      const recognition = await recogniseFolder(folder.path, entries).catch((error: unknown) => {
        const { path } = folder
        unclear.push({ path, error: ServingError.from(error, `${path} cannot be recognised`) })
        return undefined
      })
      if (recognition !== undefined) bare.push({ folder: folder.path, recognition })
      isOwned = recognition !== undefined
    }
    for (const entry of entries) {
      const inner = await enter(folder, entry, isOwned)
      if (inner !== undefined) {
        if (!isLeftOut(entry.name) && !isInside(folder, inner.realPath)) await visit(inner)
      } else if (entry.name === SETTINGS_FILE_NAME) files.push(join(folder.path, entry.name))
    }
  }

  if ((await statOrUndefined(root))?.isDirectory() !== true) {
    throw new ServingError('NOT_FOUND', `model repository ${root} is not a folder, or does not exist`)
  }
  await visit({ path: root, realPath: await realpath(root), depth: 0, parent: undefined, isOwned: false })
  return { files: files.sort(), bare, unclear, unreadable }
}

/** True for folders that no model is looked for in. */
export function isLeftOut(name: string): boolean {
  return name === 'node_modules' || name.startsWith('.')
}

async function readEntries(folder: string, refuse: (error: ServingError) => void): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    if (code !== 'ENOENT') {
      refuse(new ServingError('PERMISSION_DENIED', `${folder} cannot be read: ${code}`, { cause }))
    }
    return []
  }
}

/**
 * The folder that an entry is or links to; undefined for anything else. A link that leads nowhere is no
 * folder either, so that one in place of a settings file is reported. Only links cost a look at the disk.
 */
async function enter(parent: Folder, entry: Dirent, isOwned: boolean): Promise<Folder | undefined> {
  const path = join(parent.path, entry.name)
  const depth = parent.depth + 1
  if (entry.isDirectory())
    return { path, realPath: join(parent.realPath, entry.name), depth, parent, isOwned }
  if (!entry.isSymbolicLink()) return undefined
  if ((await statOrUndefined(path))?.isDirectory() !== true) return undefined
  const realPath = await realpath(path).catch(() => undefined)
  return realPath === undefined ? undefined : { path, realPath, depth, parent, isOwned }
}

/** True if `realPath` is the folder itself or one on the way down to it. */
function isInside(folder: Folder, realPath: string): boolean {
  for (let outer: Folder | undefined = folder; outer !== undefined; outer = outer.parent) {
    if (outer.realPath === realPath) return true
  }
  return false
}

function statOrUndefined(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined)
}
