import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Logger, ServingError } from '@millrace/sdk'
import { lockFolder } from './folder-lock.ts'
import { encodeRecord, readRecords } from './records.ts'

/** What happened, in order, on a disk: nothing that was acknowledged is lost, whenever the process is killed. */
export interface Journal<T> {
  /** All that happened before this start, oldest first. To be asked for once: they are not kept. */
  takeRecords(): readonly T[]
  /**
   * Resolves when the records are on the disk, all or none of them. What is appended while others are being written shares
   * the next write and `fsync`. Without records it waits for those of before.
   * @param undo takes back what the records say; called if they cannot be written, in the same turn for all that were
   * appended since the last write that could, the latest first
   * @throws ServingError UNAVAILABLE when they cannot be written; if the disk does not even take them back, they may be
   * there after a restart
   */
  append(records: readonly T[], undo?: () => void): Promise<void>
  /** Waits for what is being written, and lets another process have the folder. Idempotent. */
  close(): Promise<void>
}

export interface JournalOptions<T> {
  readonly folder: string
  /** What names the folder, for errors. */
  readonly setting: string
  /** Records from which the present state arises; they take the place of all that was written before. */
  readonly snapshot: () => readonly T[]
  /** What may have been written since a snapshot until the next one, if that snapshot was smaller. Default: 1 MiB. */
  readonly minLogBytes?: number
  readonly log: Logger
}

/** `register-7.log`: a snapshot as its first lines, and behind it what happened since. Of several the latest counts. */
const FILE = /^register-(\d{1,15})\.log$/
const UNFINISHED = /^register-\d{1,15}\.log\.new$/
const MIB = 1024 * 1024
/** Records in a line of a snapshot. */
const SNAPSHOT_LINE_RECORDS = 256

/**
 * Opens the journal of a folder, and makes the folder if need be.
 * @throws ServingError FAILED_PRECONDITION if another process has it, or if its file is damaged elsewhere than at its end
 */
export async function openJournal<T>(options: JournalOptions<T>): Promise<Journal<T>> {
  const { folder, setting, log } = options
  // Keys of registered models may hold what is nobody else's business.
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unlock = await lockFolder(folder, setting)
  try {
    const names = await readdir(folder)
    const generations = names
      .flatMap(name => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b)
    const generation = generations.pop() ?? 0
    const stale = [...generations.map(fileOf), ...names.filter(name => UNFINISHED.test(name))]
    const path = join(folder, fileOf(generation))
    const file = await open(path, 'a+', 0o600)
    const bytes = await readFile(file)
    const { records, validBytes, isDamaged } = readRecords(bytes)
    if (isDamaged) {
      await file.close()
      throw new ServingError(
        'FAILED_PRECONDITION',
        `${path} is damaged at byte ${validBytes}, and records follow; bring the file back from a copy, or name another folder in ${setting}`,
      )
    }
    if (validBytes < bytes.length) {
      log.warn('the last record was being written when the process ended; it was never acknowledged', {
        file: path,
        bytes: bytes.length - validBytes,
      })
      await file.truncate(validBytes)
    }
    await syncFolder(folder)
    await Promise.all(stale.map(name => rm(join(folder, name), { force: true })))
    return new FileJournal<T>(
      options,
      unlock,
      { file, generation, sizeBytes: validBytes },
      records.flat() as T[],
    )
  } catch (error) {
    await unlock()
    throw error
  }
}

interface Current {
  readonly file: FileHandle
  readonly generation: number
  sizeBytes: number
}

interface Waiting<T> {
  readonly records: readonly T[]
  readonly undo: (() => void) | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

class FileJournal<T> implements Journal<T> {
  #records: readonly T[]
  readonly #options: JournalOptions<T>
  readonly #unlock: () => Promise<void>
  #current: Current
  #nextSnapshotBytes: number
  #waiting: Waiting<T>[] = []
  #writing: Promise<void> | null = null
  #closing: Promise<void> | null = null
  /** The end of the file is unknown: only a new one can be trusted. */
  #isBroken = false

  constructor(
    options: JournalOptions<T>,
    unlock: () => Promise<void>,
    current: Current,
    records: readonly T[],
  ) {
    this.#options = options
    this.#unlock = unlock
    this.#current = current
    this.#records = records
    this.#nextSnapshotBytes = current.sizeBytes + this.#logBytes(0)
  }

  takeRecords(): readonly T[] {
    const records = this.#records
    this.#records = []
    return records
  }

  append(records: readonly T[], undo?: () => void): Promise<void> {
    if (this.#closing !== null) {
      undo?.()
      return Promise.reject(new ServingError('UNAVAILABLE', 'the server is stopping'))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, undo, resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#writing
      await this.#current.file.close()
      await this.#unlock()
    })()
    return this.#closing
  }

  async #write(): Promise<void> {
    // What is appended in this turn goes along.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        // The snapshot has what the batch says already: the state changes before it is written.
        if (this.#isBroken || this.#current.sizeBytes >= this.#nextSnapshotBytes) await this.#renew()
        else await this.#extend(batch.flatMap(({ records }) => records))
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        // What was appended meanwhile builds upon what could not be written.
        const failed = [...batch, ...this.#waiting]
        this.#waiting = []
        for (const { undo } of failed.toReversed()) undo?.()
        const { folder, setting, log } = this.#options
        log.error('a change of the register could not be written', { folder, error: cause })
        const error = new ServingError(
          'UNAVAILABLE',
          `the change could not be written to the folder of ${setting}; the server's log has the error`,
          { cause, retryAfterMs: 1000 },
        )
        for (const { reject } of failed) reject(error)
      }
    }
    this.#writing = null
  }

  async #extend(records: readonly T[]): Promise<void> {
    if (records.length === 0) return
    const current = this.#current
    const bytes = encodeRecord(records)
    try {
      await current.file.appendFile(bytes)
      await current.file.datasync()
    } catch (error) {
      this.#isBroken = true
      await this.#takeBack().catch(ignore)
      throw error
    }
    current.sizeBytes += bytes.length
  }

  /** Half of a record, or one that nobody was told of, must not be there after a restart. */
  async #takeBack(): Promise<void> {
    const { file, sizeBytes } = this.#current
    await file.truncate(sizeBytes)
    await file.datasync()
  }

  /** A snapshot in a new file, which counts from the moment of its renaming. */
  async #renew(): Promise<void> {
    const { folder, snapshot } = this.#options
    const generation = this.#current.generation + 1
    const path = join(folder, fileOf(generation))
    const unfinished = `${path}.new`
    const bytes = Buffer.concat(linesOf(snapshot()))
    await rm(unfinished, { force: true })
    const file = await open(unfinished, 'ax', 0o600)
    try {
      await file.appendFile(bytes)
      await file.datasync()
      await rename(unfinished, path)
      await syncFolder(folder)
    } catch (error) {
      await file.close().catch(ignore)
      // The previous file counts on.
      await Promise.all([rm(unfinished, { force: true }), rm(path, { force: true })]).catch(ignore)
      throw error
    }
    const previous = this.#current
    this.#current = { file, generation, sizeBytes: bytes.length }
    this.#nextSnapshotBytes = bytes.length + this.#logBytes(bytes.length)
    this.#isBroken = false
    await previous.file.close()
    await rm(join(folder, fileOf(previous.generation)), { force: true })
  }

  #logBytes(snapshotBytes: number): number {
    return Math.max(this.#options.minLogBytes ?? MIB, snapshotBytes)
  }
}

function linesOf(records: readonly unknown[]): readonly Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start < records.length; start += SNAPSHOT_LINE_RECORDS) {
    lines.push(encodeRecord(records.slice(start, start + SNAPSHOT_LINE_RECORDS)))
  }
  return lines
}

function fileOf(generation: number): string {
  return `register-${generation}.log`
}

/** Makes names last; not every system can. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function ignore(): void {}
