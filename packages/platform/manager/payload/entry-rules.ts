import { posix } from 'node:path'
import { ServingError } from '@millrace/sdk'

/** An entry of an archive, before anything of it is believed. */
export interface ArchiveEntry {
  readonly path: string
  readonly type: string
  readonly linkTarget: string | undefined
}

/** What an archive may hold; checked before the first file of it is written. */
export interface EntryRules {
  /** @throws ServingError INVALID_ARGUMENT naming the entry and what is wrong with it */
  check(entry: ArchiveEntry): void
  /** To be called when all entries were seen. @throws as `check` */
  finish(): void
}

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile'])
const PATH_BYTES_MAX = 4_000
const NAME_BYTES_MAX = 255
const DEPTH_MAX = 64

/**
 * Refuses what would leave the folder: absolute paths, `..`, links out of it, links through links; and what is no file,
 * folder or link.
 */
export function createEntryRules(): EntryRules {
  /** Links by path, with their targets; and what else there is. */
  const links = new Map<string, string>()
  const files = new Set<string>()
  const others = new Set<string>()

  return {
    check({ path, type, linkTarget }) {
      const name = checkPath(path, path)
      if (type === 'SymbolicLink') {
        links.set(name, checkTarget(path, name, linkTarget ?? ''))
        return
      }
      others.add(name)
      if (FILES.has(type)) files.add(name)
      else if (type === 'Link') {
        const target = checkPath(linkTarget ?? '', path)
        if (!files.has(target)) refuse(path, `is a hard link to '${linkTarget}', which is no file before it`)
        files.add(name)
      } else if (type !== 'Directory') {
        refuse(path, `is a ${type}; a payload has files, folders and links`)
      }
    },
    finish() {
      for (const name of others) {
        if (links.has(name)) refuse(name, 'is there twice, once as a link')
        refuseThroughLinks(links, name, name)
      }
      for (const [name, target] of links) {
        refuseThroughLinks(links, name, name)
        refuseThroughLinks(links, name, target)
      }
    },
  }
}

/** The path without `.` and without a slash at its end. */
function checkPath(path: string, entry: string): string {
  if (path === '' || path.includes('\0')) refuse(entry, 'has no usable path')
  if (path.startsWith('/')) refuse(entry, `has the absolute path '${path}'`)
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  if (parts.includes('..')) refuse(entry, "has '..' in its path")
  if (parts.length > DEPTH_MAX) refuse(entry, `lies more than ${DEPTH_MAX} folders deep`)
  if (
    Buffer.byteLength(path) > PATH_BYTES_MAX ||
    parts.some(part => Buffer.byteLength(part) > NAME_BYTES_MAX)
  ) {
    refuse(entry, `has a path of more than ${PATH_BYTES_MAX} bytes, or ${NAME_BYTES_MAX} in a name`)
  }
  return parts.join('/')
}

/** Where a symbolic link leads, from the root. */
function checkTarget(entry: string, name: string, target: string): string {
  if (target === '' || target.includes('\0') || target.startsWith('/')) {
    refuse(entry, `is a link to '${target}', which is not a path within the payload`)
  }
  const place = posix.join(posix.dirname(name), target)
  if (place === '..' || place.startsWith('../')) refuse(entry, `is a link to '${target}', out of the payload`)
  // `a/../b` is b only if a is a folder: `..` may only come first.
  const parts = target.split('/').filter(part => part !== '' && part !== '.')
  if (parts.lastIndexOf('..') > parts.findIndex(part => part !== '..') && parts.some(part => part !== '..')) {
    refuse(entry, `is a link to '${target}', with '..' after a name`)
  }
  return place
}

/** What lies on the way to a path must be folders. */
function refuseThroughLinks(links: ReadonlyMap<string, string>, entry: string, path: string): void {
  for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
    if (links.has(folder)) refuse(entry, `leads through the link '${folder}'`)
  }
}

function refuse(entry: string, what: string): never {
  const shown = entry.length > 200 ? `${entry.slice(0, 200)}…` : entry
  throw new ServingError('INVALID_ARGUMENT', `payload: '${shown}' ${what}`)
}
