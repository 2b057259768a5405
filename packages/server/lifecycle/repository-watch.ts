import { dirname, relative, sep } from 'node:path'
import { ServingError } from '@millrace/sdk'
import type { FSWatcher } from 'chokidar'
import type { ServerLogger } from '../base/index.ts'
import {
  isWatchable,
  type ModelRepository,
  type RepositoryContents,
  type RepositoryOptions,
} from '../repository/index.ts'
import { affectedNames, isAtOrBelow, type ModelFolders } from './affected-models.ts'
import type { ModelRegistry } from './model-registry.ts'

/** What a change of the repository has led to. */
export interface RepositoryChange {
  readonly model: string
  /** After `failed`, what was loaded before goes on serving. */
  readonly outcome: 'loaded' | 'unloaded' | 'failed'
  readonly durationMs: number
  /** Why it failed. */
  readonly error?: unknown
}

/** How the changes of a repository are followed. */
export interface WatchManner {
  /** How long nothing may change before models are loaded. Default: half a second. */
  readonly settleMs?: number
  /** True for a path, from the root on, whose changes count for nothing. Default: nothing more than is never watched. */
  readonly isIgnored?: (path: string) => boolean
  /** Is told what each change has led to, in place of the log; must not throw. */
  readonly onChange?: (change: RepositoryChange) => void
}

export interface RepositoryWatchOptions extends WatchManner {
  readonly root: string
  readonly settings: RepositoryOptions['settings']
  readonly repository: ModelRepository
  readonly registry: Pick<ModelRegistry, 'load' | 'unload'>
  readonly log: ServerLogger
}

/** Loads, reloads and unloads models as their folders change. */
export interface RepositoryWatch {
  /** Start-up is over: changes since the watch was made, and all later ones, take effect. */
  begin(): void
  /** Ends with the loads that are under way still running; nothing new is begun. Idempotent. */
  close(): Promise<void>
}

const SETTLE_MS = 500
/** Models wait no longer than so many settling times for a folder that is written to without end. */
const PATIENCE = 60
/** Levels of folders, as many as the search for models goes down. */
const DEPTH = 16

/**
 * Watches the folder of a repository. Links count by where they lead, so that a volume of Kubernetes, which swaps the link
 * `..data`, is seen to change. Left out are `node_modules`, `__pycache__` and names that begin with a single dot. A
 * repository that is no folder is not watched, which the log says; its watch does nothing.
 * @throws the system's error if it allows no more watches
 */
export async function watchRepository(options: RepositoryWatchOptions): Promise<RepositoryWatch> {
  const { root, log, isIgnored = () => false } = options
  if (!isWatchable(options)) {
    log.warn('watch_model_repository has no effect: only a repository that is a folder is watched')
    return { begin() {}, async close() {} }
  }
  const changes = new Changes(options)
  // Loaded only for those who watch.
  const { watch } = await import('chokidar')
  const watcher = watch(root, {
    ignoreInitial: true,
    depth: DEPTH,
    ignorePermissionErrors: true,
    ignored: path => {
      const inside = relative(root, path)
      return inside.split(sep).some(isLeftOut) || isIgnored(inside)
    },
  })
  watcher.on('all', (_event, path) => changes.add(path))
  try {
    await ready(watcher)
    await changes.remember()
  } catch (error) {
    await watcher.close()
    throw error
  }
  watcher.on('error', error => log.error('the repository is not watched any more as it should be', { error }))
  return {
    begin: () => changes.begin(),
    async close() {
      changes.close()
      await watcher.close()
    },
  }
}

function ready(watcher: FSWatcher): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  watcher.once('ready', resolve)
  watcher.once('error', reject)
  return promise.finally(() => watcher.off('error', reject))
}

/** `..data` is how Kubernetes names the link that it swaps. */
function isLeftOut(name: string): boolean {
  return name === 'node_modules' || name === '__pycache__' || /^\.[^.]/.test(name)
}

/** Gathers changed paths until they settle, and then brings the registry into line, one time after the other. */
class Changes {
  readonly #options: RepositoryWatchOptions
  readonly #settleMs: number
  #paths = new Set<string>()
  #firstMs = 0
  #timer: NodeJS.Timeout | undefined
  #known: ModelFolders = new Map()
  #hasBegun = false
  #isRunning = false
  #isClosed = false

  constructor(options: RepositoryWatchOptions) {
    this.#options = options
    this.#settleMs = options.settleMs ?? SETTLE_MS
  }

  async remember(): Promise<void> {
    this.#known = foldersOf(await this.#options.repository.list())
  }

  begin(): void {
    this.#hasBegun = true
    this.#schedule()
  }

  add(path: string): void {
    if (this.#paths.size === 0) this.#firstMs = performance.now()
    this.#paths.add(path)
    this.#schedule()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (!this.#hasBegun || this.#isRunning || this.#isClosed || this.#paths.size === 0) return
    clearTimeout(this.#timer)
    const latestMs = this.#firstMs + this.#settleMs * PATIENCE
    const waitMs = Math.max(Math.min(this.#settleMs, latestMs - performance.now()), 0)
    this.#timer = setTimeout(() => void this.#run(), waitMs)
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    const paths = this.#paths
    this.#paths = new Set()
    try {
      await this.#apply(paths)
    } catch (error) {
      this.#options.log.error('the repository cannot be read; what is loaded stays', { error })
    } finally {
      this.#isRunning = false
      this.#schedule()
    }
  }

  async #apply(paths: ReadonlySet<string>): Promise<void> {
    const { root, repository, log, onChange } = this.#options
    const contents = await repository.list()
    const now = foldersOf(contents)
    const affected = affectedNames(root, paths, this.#known, now)
    const kept = new Map<string, ReadonlySet<string>>()
    const told = new Set<string>()
    for (const { path, name, error } of contents.broken) {
      if (![...paths].some(changed => isAtOrBelow(changed, dirname(path)))) continue
      told.add(name)
      if (onChange === undefined) log.error(error.message)
      else onChange({ model: name, outcome: 'failed', durationMs: 0, error })
    }
    await Promise.all(
      Array.from(affected, async name => {
        if (now.has(name)) return this.#load(name, told.has(name))
        const folders = this.#known.get(name) ?? new Set()
        // Settings that cannot be read any more are a mistake, not a wish to have the model gone.
        if (contents.broken.some(broken => broken.name === name || coversAny(broken.path, folders))) {
          kept.set(name, folders)
          return undefined
        }
        return this.#unload(name)
      }),
    )
    this.#known = new Map([...kept, ...now])
  }

  /** @param isTold whether it is known already that the model cannot be read */
  async #load(name: string, isTold: boolean): Promise<void> {
    if (this.#isClosed) return
    const { registry, log, onChange } = this.#options
    const startedMs = performance.now()
    try {
      await registry.load(name)
      onChange?.({ model: name, outcome: 'loaded', durationMs: performance.now() - startedMs })
    } catch (error) {
      if (onChange !== undefined) {
        const durationMs = performance.now() - startedMs
        if (!isTold && !this.#isClosed) onChange({ model: name, outcome: 'failed', durationMs, error })
        return
      }
      const problem = error instanceof Error ? error.message : String(error)
      log.warn('changed, and could not be loaded', { model: name, problem })
    }
  }

  async #unload(name: string): Promise<void> {
    if (this.#isClosed) return
    const startedMs = performance.now()
    try {
      await this.#options.registry.unload(name)
      const durationMs = performance.now() - startedMs
      this.#options.onChange?.({ model: name, outcome: 'unloaded', durationMs })
    } catch (error) {
      // Whoever unloaded it before has what they wanted.
      if (!ServingError.is(error) || error.code !== 'NOT_FOUND') throw error
    }
  }
}

/** Where the versions of each model lie: their folders, and their artefacts where these are elsewhere. */
function foldersOf({ found }: RepositoryContents): ModelFolders {
  const folders = new Map<string, Set<string>>()
  for (const { name, folder, uri } of found) {
    const paths = folders.get(name) ?? new Set()
    folders.set(name, paths.add(folder).add(uri))
  }
  return folders
}

/** True if what cannot be read is the settings file, or a folder, of one of these. */
function coversAny(path: string, folders: ReadonlySet<string>): boolean {
  return [...folders].some(folder => isAtOrBelow(folder, path) || dirname(path) === folder)
}
