import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ServingError } from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import { type ModelVersionSettings, unpackArchive } from '../repository/index.ts'

/** What an archive of an environment may unpack to. */
interface ArchiveLimits {
  /** Of all files together. */
  readonly maxBytes: number
  readonly maxEntries: number
}

/** A folder with what a model's code needs: packages in `node_modules` or of Python, programs in `bin`. */
export interface Environment {
  readonly folder: string
  /** The same for the same environment. */
  readonly key: string
  /** A short name for logs. */
  readonly name: string
}

export interface Environments {
  /**
   * The environment that a model's `parameters` name, unpacked if need be; null for none. Each is to be
   * given back by {@link release}.
   * @throws ServingError INVALID_ARGUMENT for one that does not exist or cannot be used
   */
  acquire(settings: ModelVersionSettings, signal: AbortSignal): Promise<Environment | null>
  /** Removes what was unpacked, once nobody has it any more. */
  release(environment: Environment): Promise<void>
}

export interface EnvironmentsOptions {
  /** Where archives are unpacked, each into a folder that is named by the SHA-256 of the archive. */
  readonly folder: string
  /** Default 20 GiB in a million entries. */
  readonly limits?: ArchiveLimits
  readonly log: ServerLogger
}

export function createEnvironments(options: EnvironmentsOptions): Environments {
  return new UsedEnvironments(options)
}

const DEFAULT_LIMITS: ArchiveLimits = { maxBytes: 20 * 1024 ** 3, maxEntries: 1_000_000 }

interface Unpacked {
  users: number
  /** What is being done to the folder; users come and go only after it. */
  work: Promise<void>
}

class UsedEnvironments implements Environments {
  readonly #options: EnvironmentsOptions
  /** Those that lie in the folder of archives, by key. */
  readonly #unpacked = new Map<string, Unpacked>()

  constructor(options: EnvironmentsOptions) {
    this.#options = options
  }

  async acquire(settings: ModelVersionSettings, signal: AbortSignal): Promise<Environment | null> {
    const path = pathOf(settings, 'environment_path')
    const archive = pathOf(settings, 'environment_tarball')
    if (path !== undefined && archive !== undefined) {
      throw unusable(settings, 'environment_path and environment_tarball are both set; set one of them')
    }
    if (path !== undefined) {
      const found = await stat(path).catch(() => undefined)
      if (found?.isDirectory() !== true)
        throw unusable(settings, `environment_path: there is no folder ${path}`)
      const key = createHash('sha256').update(path).digest('hex')
      return { folder: path, key: `path ${path}`, name: key.slice(0, 12) }
    }
    return archive === undefined ? null : this.#acquireArchive(settings, archive, signal)
  }

  async release({ folder, key }: Environment): Promise<void> {
    const unpacked = this.#unpacked.get(key)
    if (unpacked === undefined) return
    unpacked.users--
    if (unpacked.users > 0) return
    unpacked.work = unpacked.work.then(async () => {
      // Somebody else may have come meanwhile.
      if (unpacked.users > 0) return
      this.#unpacked.delete(key)
      await rm(folder, { recursive: true, force: true })
    })
    await unpacked.work
  }

  async #acquireArchive(
    settings: ModelVersionSettings,
    archive: string,
    signal: AbortSignal,
  ): Promise<Environment> {
    const key = await hashOf(archive, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      const problem = error instanceof Error ? error.message : String(error)
      throw unusable(settings, `environment_tarball: ${archive} cannot be read: ${problem}`, error)
    })
    const environment = { folder: join(this.#options.folder, key), key, name: key.slice(0, 12) }
    const unpacked = this.#unpacked.get(key) ?? { users: 0, work: Promise.resolve() }
    this.#unpacked.set(key, unpacked)
    unpacked.users++
    unpacked.work = unpacked.work.catch(ignore).then(() => {
      this.#unpacked.set(key, unpacked)
      return this.#unpack(archive, environment.folder, signal)
    })
    try {
      await unpacked.work
      return environment
    } catch (error) {
      unpacked.users--
      if (unpacked.users === 0) this.#unpacked.delete(key)
      signal.throwIfAborted()
      const problem = error instanceof Error ? error.message : String(error)
      throw unusable(settings, `environment_tarball: ${archive} cannot be unpacked: ${problem}`, error)
    }
  }

  /** A folder of that name is always whole: it is unpacked beside and renamed. */
  async #unpack(archive: string, folder: string, signal: AbortSignal): Promise<void> {
    const found = await stat(folder).catch(() => undefined)
    if (found?.isDirectory() === true) return
    await mkdir(this.#options.folder, { recursive: true })
    const partial = await mkdtemp(`${folder}.partial-`)
    try {
      await unpackEnvironment(archive, partial, this.#options.limits ?? DEFAULT_LIMITS, signal)
      await rename(partial, folder)
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      // Another server of this folder may have been quicker.
      const isThere = await stat(folder).catch(() => undefined)
      if (isThere?.isDirectory() !== true || signal.aborted) throw error
    }
    this.#options.log.info('environment unpacked', { archive, folder })
  }
}

async function unpackEnvironment(
  archive: string,
  folder: string,
  { maxBytes, maxEntries }: ArchiveLimits,
  signal: AbortSignal,
): Promise<void> {
  let leftBytes = maxBytes
  const takeBytes = (sizeBytes: number): void => {
    leftBytes -= sizeBytes
    if (leftBytes >= 0) return
    throw new ServingError('RESOURCE_EXHAUSTED', `its files take more than ${maxBytes} bytes`)
  }
  await unpackArchive(archive, folder, { subject: 'the archive', takeBytes, maxEntries }, signal)
}

/** Paths are taken from the folder of the settings file; `~` and `$VARIABLE` stand for what they do in a shell. */
function pathOf(
  settings: ModelVersionSettings,
  name: 'environment_path' | 'environment_tarball',
): string | undefined {
  const value = settings.parameters[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw unusable(settings, `${name} ${JSON.stringify(value)} is not a text`)
  const expanded = value
    .replace(/^~(?=\/|$)/, homedir())
    .replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (text, braced?: string, bare?: string) => {
      const variable = process.env[braced ?? bare ?? '']
      return variable ?? text
    })
  return resolve(settings.folder, expanded)
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}

function unusable({ name }: ModelVersionSettings, problem: string, cause?: unknown): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    `Model ${name}: ${problem}`,
    cause === undefined ? {} : { cause },
  )
}

function ignore(): void {}
