import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { ServingError } from '@millrace/sdk'

/** Files named by the SHA-256 of their bytes: `sha256/ab/abcd…`. */
export interface BlobFolder {
  /**
   * Writes bytes to a file of their own, down to the disk. They get their name by `moveIntoPlace`; `discard` removes what
   * has no name.
   */
  write(
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    sizeBytesMax: number,
    signal: AbortSignal | undefined,
  ): Promise<WrittenBlob>
  pathOf(digest: string): string
  open(path: string): Readable
  delete(digest: string): Promise<void>
  /** Removes what uploads have left behind that ended, with their process, before that time. */
  deleteIncoming(touchedBefore: Date): Promise<void>
}

export interface WrittenBlob {
  readonly digest: string
  readonly sizeBytes: number
  /** The name is on the disk, too, when this resolves. */
  moveIntoPlace(): Promise<void>
  /** Does nothing once the file has its name. */
  discard(): Promise<void>
}

export function createBlobFolder(folder: string): BlobFolder {
  const incoming = join(folder, 'incoming')
  const pathOf = (digest: string) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
    if (hex === undefined) {
      throw new ServingError(
        'INVALID_ARGUMENT',
        `payload '${digest}' is not named by 'sha256:' and 64 hexadecimal digits`,
      )
    }
    return join(folder, 'sha256', hex.slice(0, 2), hex)
  }
  return {
    pathOf,
    open: path => createReadStream(path),
    delete: digest => rm(pathOf(digest), { force: true }),
    async deleteIncoming(touchedBefore) {
      await mkdir(incoming, { recursive: true })
      for (const name of await readdir(incoming)) {
        const path = join(incoming, name)
        // One that ends just now takes its file away itself.
        const stats = await stat(path).catch(() => undefined)
        if (stats !== undefined && stats.mtime < touchedBefore) await rm(path, { force: true })
      }
    },
    async write(bytes, sizeBytesMax, signal) {
      await mkdir(incoming, { recursive: true })
      const path = join(incoming, randomUUID())
      const discard = () => rm(path, { force: true })
      try {
        const { digest, sizeBytes } = await writeFile(path, bytes, sizeBytesMax, signal)
        const target = pathOf(digest)
        return {
          digest,
          sizeBytes,
          discard,
          async moveIntoPlace() {
            await makeFolder(dirname(target))
            await rename(path, target)
            await syncFolder(dirname(target))
          },
        }
      } catch (error) {
        await discard()
        throw error
      }
    },
  }
}

async function writeFile(
  path: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sizeBytesMax: number,
  signal: AbortSignal | undefined,
): Promise<{ digest: string; sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  const file = await open(path, 'wx')
  try {
    for await (const chunk of bytes) {
      signal?.throwIfAborted()
      sizeBytes += chunk.byteLength
      if (sizeBytes > sizeBytesMax) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          `the payload is larger than ${sizeBytesMax} bytes, which is the limit`,
          { httpStatus: 413 },
        )
      }
      hash.update(chunk)
      await writeAll(file, chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, done)
    done += bytesWritten
  }
}

/** Makes a folder, and its name durable. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
