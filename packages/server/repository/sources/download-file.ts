import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { ServingError } from '@millrace/sdk'
import type { ByteAllowance } from './byte-allowance.ts'
import type { RemoteFile } from './model-source.ts'
import { type RetryOptions, retrying } from './retry.ts'

export interface DownloadOptions extends RetryOptions {
  readonly allowance: ByteAllowance
  /** How long a connection may stand still. */
  readonly stallTimeoutMs: number
  /** Called for every chunk that was written. */
  readonly onBytes: (sizeBytes: number) => void
}

/** So much in one attempt counts as getting on. */
const PROGRESS_BYTES = 1024 * 1024

/**
 * Downloads one file, going on where an interruption left it. Its path must not exist yet.
 * @param subject how errors name the file
 * @returns the SHA-256 of the content, in hexadecimal
 * @throws ServingError FAILED_PRECONDITION for a wrong digest, RESOURCE_EXHAUSTED beyond the allowance, what the source
 * throws; the signal's reason
 */
export async function downloadFile(
  file: RemoteFile,
  path: string,
  subject: string,
  options: DownloadOptions,
): Promise<string> {
  const handle = await open(path, 'wx')
  try {
    const target: Target = { handle, hash: createHash('sha256'), sizeBytes: 0 }
    await retrying(options, progress => attempt(file, target, subject, progress, options))
    const sha256 = target.hash.digest('hex')
    if (file.sha256 !== undefined && file.sha256 !== sha256) {
      throw new ServingError(
        'FAILED_PRECONDITION',
        `${subject} has the digest sha256:${sha256} instead of sha256:${file.sha256}`,
      )
    }
    return sha256
  } finally {
    await handle.close()
  }
}

interface Target {
  readonly handle: FileHandle
  hash: Hash
  sizeBytes: number
}

async function attempt(
  file: RemoteFile,
  target: Target,
  subject: string,
  progress: () => void,
  { signal, allowance, stallTimeoutMs, onBytes }: DownloadOptions,
): Promise<void> {
  const stall = new AbortController()
  const stalled = () => {
    const message = `${subject} stands still: nothing has come for ${stallTimeoutMs / 1000} s`
    stall.abort(new ServingError('UNAVAILABLE', message))
  }
  const timer = setTimeout(stalled, stallTimeoutMs)
  try {
    const opened = await file.open(target.sizeBytes, AbortSignal.any([signal, stall.signal]))
    if (opened.offsetBytes !== target.sizeBytes) await restart(target, allowance)
    const beganAt = target.sizeBytes
    for await (const chunk of opened.chunks) {
      timer.refresh()
      allowance.take(chunk.byteLength)
      await writeAll(target.handle, chunk, target.sizeBytes)
      target.sizeBytes += chunk.byteLength
      target.hash.update(chunk)
      onBytes(chunk.byteLength)
      if (target.sizeBytes - beganAt >= PROGRESS_BYTES) progress()
    }
    const totalBytes = opened.totalBytes ?? target.sizeBytes
    if (target.sizeBytes === totalBytes) return
    const message = `${subject} ended after ${target.sizeBytes} of ${totalBytes} bytes`
    if (target.sizeBytes > totalBytes) await restart(target, allowance)
    throw new ServingError('UNAVAILABLE', message)
  } catch (error) {
    signal.throwIfAborted()
    // What the aborted connection says about itself is not the reason.
    stall.signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function restart(target: Target, allowance: ByteAllowance): Promise<void> {
  allowance.giveBack(target.sizeBytes)
  await target.handle.truncate(0)
  target.hash = createHash('sha256')
  target.sizeBytes = 0
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < chunk.byteLength) {
    const left = chunk.byteLength - written
    const { bytesWritten } = await handle.write(chunk, written, left, position + written)
    written += bytesWritten
  }
}
