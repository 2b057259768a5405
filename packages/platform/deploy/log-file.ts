import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { leftOut } from './line-ring.ts'

/** How much may wait to be written. */
const PENDING_BYTES = 4 * 1024 * 1024
/** How much of the end is read back after a restart. */
const TAIL_BYTES = 64 * 1024

/** A log in a file that does not grow beyond a size: what is older is in a second one with `.1`, and then is gone. */
export interface LogFile {
  /** Never waits and never throws; what a disk is too slow for is left out, and a line says so. */
  readonly append: (line: string) => void
  /** The last lines of an earlier life. */
  readonly tail: () => readonly string[]
  /** Writes what is pending. Idempotent. */
  readonly close: () => Promise<void>
  /** Closes it and deletes it. */
  readonly remove: () => Promise<void>
}

/** @param onError is told once for each row of failures, such as a full disk; what could not be written is lost */
export function createLogFile(path: string, maxBytes: number, onError: (error: unknown) => void): LogFile {
  return new RotatedFile(path, maxBytes, onError)
}

class RotatedFile implements LogFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #onError: (error: unknown) => void
  #pending: string[] = []
  #pendingBytes = 0
  #missedLines = 0
  #writing: Promise<void> | undefined
  #handle: FileHandle | undefined
  #sizeBytes = 0
  #hasFailed = false

  constructor(path: string, maxBytes: number, onError: (error: unknown) => void) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#onError = onError
  }

  readonly append = (line: string): void => {
    const sizeBytes = Buffer.byteLength(line) + 1
    if (this.#pendingBytes + sizeBytes > PENDING_BYTES) {
      this.#missedLines++
      return
    }
    this.#pending.push(line)
    this.#pendingBytes += sizeBytes
    this.#writing ??= this.#write()
  }

  readonly tail = (): readonly string[] => {
    let file: number | undefined
    try {
      file = openSync(this.#path, 'r')
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
      const read = readSync(file, bytes, 0, bytes.length, size - bytes.length)
      const lines = bytes.toString('utf8', 0, read).split('\n')
      // The first is the rest of a line, unless the file begins with it.
      return lines.slice(size > TAIL_BYTES ? 1 : 0).filter(line => line !== '')
    } catch {
      return []
    } finally {
      if (file !== undefined) closeSync(file)
    }
  }

  readonly close = async (): Promise<void> => {
    await this.#writing
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close().catch(this.#onError)
  }

  readonly remove = async (): Promise<void> => {
    await this.close()
    for (const path of [this.#path, `${this.#path}.1`]) await rm(path, { force: true }).catch(this.#onError)
  }

  async #write(): Promise<void> {
    // Lines that come in one turn are written together.
    await Promise.resolve()
    while (this.#pending.length > 0) {
      const lines = this.#pending
      if (this.#missedLines > 0) lines.push(leftOut(`${this.#missedLines} lines`))
      this.#pending = []
      this.#pendingBytes = 0
      this.#missedLines = 0
      try {
        await this.#writeText(`${lines.join('\n')}\n`)
        this.#hasFailed = false
      } catch (error) {
        if (!this.#hasFailed) this.#onError(error)
        this.#hasFailed = true
      }
    }
    this.#writing = undefined
  }

  async #writeText(text: string): Promise<void> {
    const bytes = Buffer.from(text)
    this.#handle ??= await this.#open()
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > this.#maxBytes) {
      await this.#handle.close()
      this.#handle = undefined
      await rename(this.#path, `${this.#path}.1`)
      this.#handle = await this.#open()
    }
    await this.#handle.appendFile(bytes)
    this.#sizeBytes += bytes.length
  }

  async #open(): Promise<FileHandle> {
    mkdirSync(dirname(this.#path), { recursive: true })
    const handle = await open(this.#path, 'a')
    this.#sizeBytes = (await handle.stat()).size
    return handle
  }
}
