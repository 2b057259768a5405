import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RemoteArtefact, RemoteFile } from './model-source.ts'

/** What was staged, as `manifest.json` beside the content keeps it. */
export interface StagedFile {
  readonly path: string
  readonly identity: string | undefined
  readonly sha256: string
  readonly isArchive: boolean
}

export interface StagingManifest {
  /** As {@link shownUri} shows it, for people who look into the cache. */
  readonly uri: string
  readonly isFolder: boolean
  readonly files: readonly StagedFile[]
}

/**
 * One download of one URI, whole and never changed afterwards:
 *
 *     <cache>/<hash of the URI>/<hash of the content>/manifest.json
 *                                                     content/…
 */
export interface Staging {
  readonly folder: string
  readonly manifest: StagingManifest
  readonly usedMs: number
}

const MANIFEST = 'manifest.json'
/** How `rename` says that the target is there. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['EEXIST', 'ENOTEMPTY'])
const PARTIAL = '.partial-'
/** How long a folder without a manifest is taken for somebody's download that is under way. */
const PARTIAL_AGE_MS = 24 * 3600 * 1000
/** The newest stagings of a URI that are kept: a failed reload falls back on the one before. */
const KEPT = 2

/** Every staging below `folder`, the latest used first; what cannot be read is none. */
export async function readStagings(folder: string): Promise<readonly Staging[]> {
  const names = await readdir(folder).catch(() => [])
  const stagings = await Promise.all(
    names.filter(name => !name.startsWith('.')).map(name => readStaging(join(folder, name))),
  )
  return stagings.filter(staging => staging !== undefined).sort((a, b) => b.usedMs - a.usedMs)
}

async function readStaging(folder: string): Promise<Staging | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as StagingManifest
    const { mtimeMs } = await stat(join(folder, MANIFEST))
    return { folder, manifest, usedMs: mtimeMs }
  } catch {
    return undefined
  }
}

/** True if the source has told by its identities that nothing has changed. */
export function isCurrent({ manifest }: Staging, { files, isFolder }: RemoteArtefact): boolean {
  return (
    manifest.isFolder === isFolder &&
    manifest.files.length === files.length &&
    files.every((file, index) => isSame(file, manifest.files[index]))
  )
}

function isSame(file: RemoteFile, staged: StagedFile | undefined): boolean {
  return (
    file.identity !== undefined &&
    file.identity === staged?.identity &&
    file.path === staged.path &&
    file.isArchive === staged.isArchive
  )
}

/** The staging that holds a plain file with this identity already. */
export function findStaged(
  file: RemoteFile,
  stagings: readonly Staging[],
): { readonly staging: Staging; readonly staged: StagedFile } | undefined {
  if (file.isArchive) return undefined
  for (const staging of stagings) {
    const staged = staging.manifest.files.find(candidate => isSame(file, candidate))
    if (staged !== undefined) return { staging, staged }
  }
  return undefined
}

/** The path of a staging's content: the folder, or the one file that the URI names. */
export function contentPath(folder: string, { isFolder, files }: StagingManifest): string {
  const content = join(folder, 'content')
  const [file] = files
  return isFolder || file === undefined ? content : join(content, file.path)
}

/** A new folder beside the stagings, with an empty `content`. */
export async function createPartial(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const partial = await mkdtemp(join(folder, PARTIAL))
  await mkdir(join(partial, 'content'))
  return partial
}

/** Puts an already staged file at its place again; a hard link costs nothing where the disk has them. */
export async function reuseFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await link(from, to).catch(() => copyFile(from, to))
}

/** Makes a finished download a staging, all at once. The same content that is there already is kept as it is. */
export async function commitPartial(
  partial: string,
  folder: string,
  manifest: StagingManifest,
): Promise<void> {
  await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`)
  try {
    await rename(partial, folder)
  } catch (error) {
    if ((await readStaging(folder)) === undefined) {
      if (!(error instanceof Error && 'code' in error && IN_THE_WAY.has(String(error.code)))) throw error
      // What is in the way is no staging any more, so nobody reads it.
      await rm(folder, { recursive: true })
      await rename(partial, folder)
      return
    }
    // The same bytes under new identities, such as another ETag.
    await rename(join(partial, MANIFEST), join(folder, MANIFEST))
    await rm(partial, { recursive: true })
  }
}

/** Marks a staging as the latest used. */
export async function touch({ folder }: Pick<Staging, 'folder'>): Promise<void> {
  const now = new Date()
  await utimes(join(folder, MANIFEST), now, now)
}

/**
 * Deletes what nobody needs any more: all but the newest stagings and those that hold a path in use, and what
 * interrupted downloads have left long ago.
 */
export async function prune(folder: string, inUse: readonly string[]): Promise<void> {
  const stagings = await readStagings(folder)
  const old = stagings.slice(KEPT).filter(staging => !inUse.some(path => isIn(path, staging.folder)))
  const names = await readdir(folder)
  const partials = await Promise.all(
    names
      .filter(name => name.startsWith(PARTIAL))
      .map(async name => {
        const path = join(folder, name)
        const found = await stat(path).catch(() => undefined)
        return found !== undefined && found.mtimeMs < Date.now() - PARTIAL_AGE_MS ? path : undefined
      }),
  )
  const paths = [...old.map(staging => staging.folder), ...partials.filter(path => path !== undefined)]
  await Promise.all(paths.map(path => rm(path, { recursive: true, force: true })))
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
