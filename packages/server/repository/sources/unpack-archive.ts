import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readdir, realpath } from 'node:fs/promises'
import { join, posix, relative, sep } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ServingError } from '@millrace/sdk'
import type { ReadEntry } from 'tar'
import { pathInside } from './remote-uri.ts'

const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile'])
const FOLDERS: ReadonlySet<string> = new Set(['Directory', 'GNUDumpDir'])
const LINKS: ReadonlySet<string> = new Set(['Link', 'SymbolicLink'])

/** Files, folders and links of one archive. */
const DEFAULT_MAX_ENTRIES = 100_000

/** How long files may take to be written after an archive was refused. */
const MAX_FINISH_MS = 1000

export interface UnpackOptions {
  /** How errors name the archive. */
  readonly subject: string
  /** Told of each file's size before it is written; throws when that is too much. */
  readonly takeBytes: (sizeBytes: number) => void
  /** Default 100,000. */
  readonly maxEntries?: number
}

/**
 * Unpacks a tar archive, compressed with gzip or not, into a folder. Refused as a whole is an archive with a path or
 * a link that leads out of the folder, with devices, with too many entries, or that is cut off.
 * @throws ServingError FAILED_PRECONDITION; what `takeBytes` throws; the signal's reason
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  { subject, takeBytes, maxEntries = DEFAULT_MAX_ENTRIES }: UnpackOptions,
  signal: AbortSignal,
): Promise<void> {
  let problem: Error | undefined
  let entries = 0
  const check = (path: string, entry: ReadEntry): boolean => {
    if (problem !== undefined) return false
    try {
      entries++
      if (entries > maxEntries) throw refused(subject, `it has more than ${maxEntries} entries`)
      checkEntry(path, entry, subject)
      takeBytes(entry.size)
      return true
    } catch (error) {
      problem = asError(error)
      return false
    }
  }
  const { Unpack } = await import('tar')
  const unpack = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    // What comes out is bounded; sparse weights may well shrink a thousandfold.
    maxDecompressionRatio: Number.POSITIVE_INFINITY,
    filter: (path, entry) => check(path, entry as ReadEntry),
  })
  const broken = new AbortController()
  unpack.on('error', (error: unknown) => {
    problem ??= refused(subject, `it cannot be unpacked: ${textOf(error)}`, error)
    broken.abort()
  })
  const closed = once(unpack, 'close', { signal: broken.signal })
  closed.catch(() => undefined)
  try {
    for await (const chunk of createReadStream(archive, { signal }) as AsyncIterable<Buffer>) {
      if (problem !== undefined) break
      if (!unpack.write(chunk)) await once(unpack, 'drain', { signal: broken.signal })
    }
    if (problem === undefined) {
      unpack.end()
      await closed
    }
  } catch (error) {
    signal.throwIfAborted()
    problem ??= asError(error)
  }
  if (problem !== undefined) {
    // What has begun to be written is finished first, so that it can be removed; what is cut off never ends.
    const patience = new AbortController()
    const finished = once(unpack, 'close', { signal: patience.signal })
    unpack.end()
    await Promise.race([finished, setTimeout(MAX_FINISH_MS, undefined, { signal: patience.signal })]).catch(
      () => undefined,
    )
    patience.abort()
    throw problem
  }
  if (entries === 0) throw refused(subject, 'it is no tar archive, or has nothing in it')
}

/**
 * Refuses links that lead out of a folder, whatever way, or nowhere: a model would read what it has no business with.
 * @throws ServingError FAILED_PRECONDITION
 */
export async function checkLinks(folder: string, subject: string): Promise<void> {
  const root = await realpath(folder)
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const target = await realpath(path).catch(() => undefined)
    if (target === undefined || (target !== root && !target.startsWith(root + sep))) {
      const leads = target === undefined ? 'nowhere' : 'out of its folder'
      throw refused(subject, `the link ${relative(root, path)} leads ${leads}`)
    }
  }
}

function checkEntry(path: string, entry: ReadEntry, subject: string): void {
  pathInside(path, subject)
  const type: string = entry.type
  if (FILES.has(type) || FOLDERS.has(type)) {
    // Readable by this process, and never more than a plain file.
    entry.mode = ((entry.mode ?? 0) & 0o777) | 0o600
    return
  }
  if (!LINKS.has(type))
    throw refused(subject, `${JSON.stringify(path)} is a ${type}; allowed are files, folders and links`)
  const target = entry.linkpath ?? ''
  // A symbolic link begins where it lies, a hard one in the folder that is unpacked into.
  const base = type === 'Link' ? '.' : posix.dirname(path)
  const resolved = posix.normalize(posix.join(base, target))
  if (target.startsWith('/') || resolved === '..' || resolved.startsWith('../')) {
    throw refused(
      subject,
      `the link ${JSON.stringify(path)} leads out of its folder, to ${JSON.stringify(target)}`,
    )
  }
}

function refused(subject: string, problem: string, cause?: unknown): ServingError {
  const message = `${subject} is refused: ${problem}`
  return new ServingError('FAILED_PRECONDITION', message, cause === undefined ? {} : { cause })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
