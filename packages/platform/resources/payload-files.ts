import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, posix, relative, sep } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { formatPlace } from './place.ts'
import { shown } from './problems.ts'
import type { ModelResource, PayloadEntry } from './resource.ts'

/** A file that goes into a model's image. */
export interface PayloadFile {
  /** Where it will lie below `/model/files`, with slashes: its path below the resource file's folder. */
  readonly path: string
  /** Where it lies now. */
  readonly file: string
  readonly sizeBytes: number
  readonly isExecutable: boolean
}

export interface PayloadLimits {
  /** Default 20,000. */
  readonly filesMax?: number | undefined
  /** Default 16 GiB. */
  readonly sizeBytesMax?: number | undefined
}

const FILES_MAX = 20_000
const SIZE_BYTES_MAX = 16 * 1024 ** 3
const DEPTH_MAX = 64
/** Files and folders looked at, for each file that there may be. */
const VISITS_PER_FILE = 10
const IS_PATTERN = /[*?[\]{}]/

/**
 * Lists the files that a model's payload names, ordered by path, each once. An entry is a file, a folder with all that is
 * below it, or a pattern of `*`, `**`, `?`, `[…]` and `{…}`, all relative to the resource file; `$NAME` and `${NAME}` stand
 * for variables. Nothing outside the resource file's folder gets in, not through links either.
 *
 * Rejects INVALID_ARGUMENT naming file, line and entry for one that finds nothing, leads outside, or names a variable that
 * is not set, and RESOURCE_EXHAUSTED beyond the limits.
 */
export async function listPayload(
  model: Pick<ModelResource, 'payload' | 'source'>,
  variables: Readonly<Record<string, string | undefined>> = {},
  { filesMax = FILES_MAX, sizeBytesMax = SIZE_BYTES_MAX }: PayloadLimits = {},
): Promise<readonly PayloadFile[]> {
  const walk: Walk = {
    root: await realpath(model.source.folder),
    files: new Map(),
    sizeBytes: 0,
    visited: 0,
    filesMax,
    sizeBytesMax,
  }
  for (const entry of model.payload) await addEntry(walk, entry, variables)
  return [...walk.files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

interface Walk {
  /** The resource file's folder, links resolved. */
  readonly root: string
  readonly files: Map<string, PayloadFile>
  readonly filesMax: number
  readonly sizeBytesMax: number
  sizeBytes: number
  visited: number
}

async function addEntry(
  walk: Walk,
  entry: PayloadEntry,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const text = entry.pattern.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    return variables[name] ?? refuse(entry, `the variable ${name} is not set`)
  })
  const path = isAbsolute(text) ? relative(walk.root, text).split(sep).join('/') : posix.normalize(text)
  const trimmed = path.replace(/\/+$/, '') || '.'
  if (trimmed === '..' || trimmed.startsWith('../')) {
    refuse(entry, 'it leads out of the folder of its resource file')
  }
  const isLiteral =
    !IS_PATTERN.test(trimmed) || (await lstat(join(walk.root, trimmed)).catch(() => undefined)) !== undefined
  const found = isLiteral ? await addTree(walk, entry, trimmed, []) : await addMatches(walk, entry, trimmed)
  if (found === 0) refuse(entry, isLiteral ? 'there is nothing of that name' : 'no file has such a name')
}

/** A file, or all below a folder; `above` are the folders on the way there. Returns how many there were. */
async function addTree(
  walk: Walk,
  entry: PayloadEntry,
  path: string,
  above: readonly string[],
): Promise<number> {
  // Links can make a few folders look like very many.
  if (++walk.visited > walk.filesMax * VISITS_PER_FILE) throw tooMuch(walk, entry)
  if (above.length > DEPTH_MAX) refuse(entry, `folders lie more than ${DEPTH_MAX} deep: ${shown(path)}`)
  const target = await realpath(join(walk.root, path)).catch(() => undefined)
  if (target === undefined) {
    const isThere = (await lstat(join(walk.root, path)).catch(() => undefined)) !== undefined
    return isThere ? refuse(entry, `${shown(path)} is a link that leads nowhere`) : 0
  }
  if (target !== walk.root && !target.startsWith(walk.root + sep)) {
    refuse(entry, `${shown(path)} is a link that leads out of the folder of its resource file`)
  }
  if (above.includes(target)) refuse(entry, `${shown(path)} is a link to a folder that it lies in`)
  const stats = await stat(target)
  if (stats.isDirectory()) {
    let count = 1
    for (const { name } of await list(target)) {
      count += await addTree(walk, entry, posix.join(path, name), [...above, target])
    }
    return count
  }
  if (!stats.isFile()) refuse(entry, `${shown(path)} is neither a file nor a folder`)
  if (walk.files.has(path)) return 1
  walk.sizeBytes += stats.size
  if (walk.files.size >= walk.filesMax || walk.sizeBytes > walk.sizeBytesMax) throw tooMuch(walk, entry)
  const isExecutable = (stats.mode & 0o111) !== 0
  walk.files.set(path, { path, file: target, sizeBytes: stats.size, isExecutable })
  return 1
}

function tooMuch({ filesMax, sizeBytesMax }: Walk, { place, pattern }: PayloadEntry): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    `${formatPlace(place)}: payload ${shown(pattern)}: the payload has more than ${filesMax} files or ` +
      `${sizeBytesMax} bytes, which is the limit`,
  )
}

async function addMatches(walk: Walk, entry: PayloadEntry, pattern: string): Promise<number> {
  const parts = pattern.split('/')
  const fixed = parts
    .slice(
      0,
      parts.findIndex(part => IS_PATTERN.test(part)),
    )
    .join('/')
  let count = 0
  const search = async (folder: string, depth: number): Promise<void> => {
    if (depth > DEPTH_MAX) refuse(entry, `folders lie more than ${DEPTH_MAX} deep`)
    for (const item of await list(join(walk.root, folder))) {
      const path = posix.join(folder, item.name)
      if (posix.matchesGlob(path, pattern)) count += await addTree(walk, entry, path, [])
      else if (item.isDirectory()) await search(path, depth + 1)
    }
  }
  await search(fixed, 0)
  return count
}

async function list(folder: string): Promise<Dirent[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function refuse(entry: PayloadEntry, reason: string): never {
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${formatPlace(entry.place)}: payload ${shown(entry.pattern)}: ${reason}; an entry is a file, a folder or a pattern ` +
      'below the folder of its resource file',
  )
}
