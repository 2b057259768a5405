import { createReadStream } from 'node:fs'
import { posix } from 'node:path'
import type { ReadEntry } from 'tar'

export interface ArchiveLimits {
  /** Of all files together, unpacked. */
  readonly maxBytes: number
  readonly maxEntries: number
}

/** How long files may take to be written after an archive was refused. */
const MAX_FINISH_MS = 1000

const TYPES: ReadonlySet<string> = new Set([
  'File',
  'OldFile',
  'ContiguousFile',
  'Directory',
  'SymbolicLink',
  'Link',
])

/**
 * Unpacks a tar archive, compressed or not, into an empty folder. Nothing is written outside of it.
 * @throws Error for what is no archive, an entry that leads out of the folder or is no file, folder or link,
 * and an archive beyond the limits; the signal's reason
 */
export async function unpackArchive(
  path: string,
  folder: string,
  { maxBytes, maxEntries }: ArchiveLimits,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const source = createReadStream(path)
  let bytes = 0
  let entries = 0
  let failure: Error | null = null
  let timer: NodeJS.Timeout | undefined
  const fail = (error: Error): void => {
    if (failure !== null) return
    failure = error
    source.destroy()
    // What has begun to be written is finished first, so that it can be removed; what is cut off never ends.
    timer = setTimeout(() => reject(error), MAX_FINISH_MS)
    unpack.end()
  }
  const { Unpack } = await import('tar')
  const unpack = new Unpack({
    cwd: folder,
    // Whatever the library would only warn about is refused.
    strict: true,
    preserveOwner: false,
    filter(name, entry) {
      if (failure !== null) return false
      const problem = entryProblem(name, entry as ReadEntry)
      bytes += entry.size
      entries++
      if (problem !== '') fail(new Error(problem))
      else if (entries > maxEntries) fail(new Error(`it has more than ${maxEntries} entries`))
      else if (bytes > maxBytes) fail(new Error(`its files take more than ${maxBytes} bytes`))
      return failure === null
    },
  })
  const abort = (): void => fail(signal.reason as Error)
  signal.addEventListener('abort', abort)
  source.on('error', fail)
  unpack.on('error', (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))))
  unpack.on('close', () => (failure === null ? resolve() : reject(failure)))
  source.pipe(unpack)
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
  if (entries === 0) throw new Error('it is no tar archive, or has nothing in it')
}

/** What is wrong with an entry; empty if nothing is. */
function entryProblem(name: string, { type, linkpath = '' }: ReadEntry): string {
  if (!TYPES.has(type)) return `'${name}' is a ${type}; only files, folders and links are unpacked`
  if (leadsOut(name)) return `'${name}' leads out of the archive`
  // Symbolic links start at their own folder, hard links at the archive's.
  const target = type === 'SymbolicLink' ? posix.join(posix.dirname(name), linkpath) : linkpath
  const isLink = type === 'SymbolicLink' || type === 'Link'
  if (isLink && (posix.isAbsolute(linkpath) || leadsOut(target))) {
    return `'${name}' is a link to '${linkpath}', which leads out of the archive`
  }
  return ''
}

function leadsOut(path: string): boolean {
  const normal = posix.normalize(path)
  return posix.isAbsolute(normal) || normal === '..' || normal.startsWith('../')
}
