import { type FSWatcher, watch } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ServingError } from '@millrace/sdk'
import { readTextFile, type ServerLogger } from '../base/index.ts'

/** How long nothing must have happened in a folder before its files are read: they are seldom written at one stroke. */
const SETTLE_MS = 100

export interface WatchedFile {
  /** The setting that names it, for messages. */
  readonly field: string
  readonly path: string
}

export interface WatchOptions<T> {
  readonly files: readonly WatchedFile[]
  /** What the files hold, for the log: `certificate`. */
  readonly subject: string
  /** Makes something of the files' texts, in their order; throws for those that cannot be used. */
  readonly parse: (texts: readonly string[]) => T | Promise<T>
  readonly log: ServerLogger
}

/** What some files hold, kept up to date. */
export interface Watched<T> {
  readonly current: T
  /** Calls `listener` with every later value; returns the function that ends it. */
  onChange(listener: (value: T) => void): () => void
  /** Idempotent. */
  close(): void
}

/**
 * Reads files, and again whenever one changes. New contents that cannot be used are logged, and the old go on.
 * @throws ServingError INVALID_ARGUMENT naming the setting when they cannot be used to begin with
 */
export async function watchFiles<T>(options: WatchOptions<T>): Promise<Watched<T>> {
  const texts = await readAll(options.files)
  const files = new WatchedFiles(options, texts, await options.parse(texts))
  await files.watch()
  // What changed before there was a watch.
  files.lookAgain()
  return files
}

class WatchedFiles<T> implements Watched<T> {
  readonly #options: WatchOptions<T>
  readonly #listeners = new Set<(value: T) => void>()
  readonly #watchers = new Map<string, FSWatcher>()
  #texts: readonly string[]
  #current: T
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: WatchOptions<T>, texts: readonly string[], current: T) {
    this.#options = options
    this.#texts = texts
    this.#current = current
  }

  get current(): T {
    return this.#current
  }

  onChange(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#listeners.clear()
  }

  /**
   * Watches the folders, because a file that is replaced takes its watch away with it. Where a file is a link, as
   * secrets are that an orchestrator mounts, also the folder that it leads to, which may be another one later.
   */
  async watch(): Promise<void> {
    const folders = new Set<string>()
    for (const { path } of this.#options.files) {
      folders.add(dirname(path))
      try {
        folders.add(dirname(await realpath(path)))
      } catch {
        // Gone for the moment: the folder that it was named in tells when it is back.
      }
    }
    if (this.#isClosed) return
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) this.#watchFolder(folder)
  }

  #watchFolder(folder: string): void {
    if (this.#watchers.has(folder)) return
    try {
      const watcher = watch(folder, { persistent: false }, () => this.lookAgain())
      watcher.on('error', error => this.#onUnwatched(folder, error))
      this.#watchers.set(folder, watcher)
    } catch (error) {
      this.#onUnwatched(folder, error)
    }
  }

  #onUnwatched(folder: string, error: unknown): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
    const { log, subject } = this.#options
    log.warn(`${folder} cannot be watched: a changed ${subject} there takes effect at the next start`, {
      error,
    })
  }

  /** Reads the files when nothing has happened for a moment. */
  lookAgain(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#reading = this.#reading.then(() => this.#readAgain())
    }, SETTLE_MS)
    this.#timer.unref()
  }

  async #readAgain(): Promise<void> {
    const { files, parse, log, subject } = this.#options
    try {
      await this.watch()
      const texts = await readAll(files)
      if (this.#isClosed || texts.every((text, index) => text === this.#texts[index])) return
      // Also when they are of no use: they are complained about once.
      this.#texts = texts
      const value = await parse(texts)
      this.#current = value
      for (const listener of this.#listeners) listener(value)
      log.info(`the ${subject} has changed and is in use`, { files: files.map(({ path }) => path) })
    } catch (error) {
      log.error(`the changed ${subject} cannot be used; the one before stays in use`, { error })
    }
  }
}

async function readAll(files: readonly WatchedFile[]): Promise<readonly string[]> {
  return Promise.all(files.map(readOne))
}

async function readOne({ field, path }: WatchedFile): Promise<string> {
  let text: string | undefined
  try {
    text = await readTextFile(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ServingError('INVALID_ARGUMENT', `${field}: ${reason}; allowed is a file that can be read`, {
      cause,
    })
  }
  if (text !== undefined) return text
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${field} is ${JSON.stringify(path)}: there is no such file; allowed is the path of a file`,
  )
}
