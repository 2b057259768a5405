import { type BaseModel, bindModel, type ModelMetrics, ServingError } from '@millrace/sdk'
import type { ServerLogger } from '../base/index.ts'
import {
  type ModelRepository,
  type ModelVersionSettings,
  pickDefaultVersion,
  type RepositoryContents,
} from '../repository/index.ts'
import { watchReadiness } from '../workers/index.ts'
import { hostedSettings } from './hosted-settings.ts'
import { Leftovers } from './leftovers.ts'
import { keyOf, LOADED_UNREADY, type ModelEntry, reasonOf, stateOf } from './model-entry.ts'
import { type IndexEntry, listIndex } from './model-index.ts'
import { createInstance, hostInstance, type InstanceOptions, type ModelInstance } from './model-instance.ts'
import { NameLocks } from './name-locks.ts'
import { settledWithin } from './settled-within.ts'

/** A model that could not be loaded, or a settings file that could not be read. */
export interface LoadFailure {
  readonly subject: string
  readonly error: unknown
}

/** Which models are loaded, and how they come and go. */
export interface ModelRegistry {
  /**
   * The instance that answers for a model; without a version its default version.
   * @throws ServingError NOT_FOUND for one that is not loaded, UNAVAILABLE for one that is not ready.
   */
  ready(name: string, version: string | undefined): ModelInstance
  /** The same, whether it is ready or not. */
  find(name: string, version: string | undefined): ModelEntry
  /** The same, and undefined for one that is not loaded. */
  lookUp(name: string, version: string | undefined): ModelEntry | undefined
  /** True if some version of the model is loaded, ready or not. */
  isLoaded(name: string): boolean
  /** Every loaded version of a model, for its metadata. */
  versionsOf(name: string): readonly string[]
  /**
   * The entries of one version, of all versions of a model, or of all models.
   * @throws ServingError NOT_FOUND when the named one is not loaded
   */
  loaded(name: string | undefined, version: string | undefined): readonly ModelEntry[]
  /** True when every model that was asked for is loaded and ready. */
  isReady(): boolean
  /** What the repository holds and what is loaded; of ready models alone, the repository is not read for it. */
  index(options?: { readonly isReadyOnly?: boolean }): Promise<readonly IndexEntry[]>
  /** Loads every model of the repository side by side; the failures are returned, not thrown. */
  loadAll(): Promise<readonly LoadFailure[]>
  /**
   * Loads or reloads every version of a model that the repository has, and unloads those it has no
   * more. A version that fails to reload goes on serving as it was, also where it is `signal` that ends the load.
   * @throws the signal's reason when it is aborted
   */
  load(name: string, options?: { readonly signal?: AbortSignal }): Promise<void>
  /**
   * Serves a model that its maker has loaded, under the name and version of its settings. What served there before
   * finishes its requests and is unloaded; no request finds the name without a model in between.
   * @throws ServingError UNAVAILABLE when the server is stopping
   */
  host(model: BaseModel): Promise<void>
  /** Unloads every version of a model after its running requests. */
  unload(name: string): Promise<void>
  /** Forgets why versions of a model could not be loaded, once nobody offers it any more. */
  forget(name: string): void
  /** Calls `listener` after every load, unload and failure; returns how to stop that. */
  onChange(listener: () => void): () => void
  /** Tells the listeners: a model has become ready, or has ceased to be, by itself. */
  announce(): void
  /** Unloads everything; what is still loading is told to stop, and nothing is loaded any more. */
  close(graceMs: number): Promise<void>
}

export interface ModelRegistryOptions {
  readonly repository: ModelRepository
  readonly log: ServerLogger
  readonly metricsOf: (name: string, version: string | undefined) => ModelMetrics
  readonly instances: InstanceOptions
  /** A model version has loaded, or loaded anew. */
  readonly onLoaded: (instance: ModelInstance) => void
  /** A model version is loaded no more, and its requests have ended; or its first load has failed. */
  readonly onUnloaded?: (name: string, version: string | undefined) => void
  /** How long a replaced or unloaded instance may finish its requests. */
  readonly drainTimeoutMs: number
}

export function createModelRegistry(options: ModelRegistryOptions): ModelRegistry {
  return new Registry(options)
}

/** Of so many models it is remembered why they could not be loaded: of those that failed last. */
const MAX_FAILURES = 10_000

/** What {@link keyOf} writes behind the comma for no version: `""]`. */
const JSON_TAIL = 3

const NO_CONTENTS: RepositoryContents = { found: [], broken: [] }

/** Versions of one model by their version string; `''` stands for "no version". */
type Versions = Map<string, ModelEntry>

class Registry implements ModelRegistry {
  readonly #options: ModelRegistryOptions
  readonly #models = new Map<string, Versions>()
  readonly #defaults = new Map<string, ModelEntry>()
  /** Why a version that is on disk is not loaded, by {@link keyOf}. */
  readonly #failures = new Map<string, string>()
  /** Entries that are loaded no more and still finish their requests, by {@link keyOf}. */
  readonly #unloading = new Map<string, ModelEntry>()
  readonly #locks = new NameLocks()
  readonly #stopping = new AbortController()
  readonly #retiring = new Set<Promise<void>>()
  readonly #leftovers = new Leftovers()
  readonly #listeners = new Set<() => void>()

  constructor(options: ModelRegistryOptions) {
    this.#options = options
  }

  ready(name: string, version: string | undefined): ModelInstance {
    const entry = this.find(name, version)
    const { instance } = entry
    if (instance?.bound.model.isReady === true) return instance
    const why = reasonOf(entry)
    const reason = why === '' ? '' : ` ${why}`
    throw new ServingError('UNAVAILABLE', `Model ${subjectOf(name, version)} is not ready yet.${reason}`, {
      retryAfterMs: 1000,
    })
  }

  lookUp(name: string, version: string | undefined): ModelEntry | undefined {
    // The empty string is how gRPC says "no version", so it means the default here as well.
    return version === undefined || version === ''
      ? this.#defaults.get(name)
      : this.#models.get(name)?.get(version)
  }

  find(name: string, version: string | undefined): ModelEntry {
    const entry = this.lookUp(name, version)
    if (entry === undefined) throw notFound(name, version)
    return entry
  }

  isLoaded(name: string): boolean {
    return (this.#defaults.get(name)?.instance ?? null) !== null
  }

  versionsOf(name: string): readonly string[] {
    return [...(this.#models.get(name)?.values() ?? [])].flatMap(entry => entry.version ?? [])
  }

  loaded(name: string | undefined, version: string | undefined): readonly ModelEntry[] {
    if (name === undefined || name === '')
      return [...this.#models.values()].flatMap(versions => [...versions.values()])
    if (version !== undefined && version !== '') return [this.find(name, version)]
    this.find(name, undefined)
    return [...(this.#models.get(name)?.values() ?? [])]
  }

  isReady(): boolean {
    for (const versions of this.#models.values()) {
      for (const entry of versions.values()) if (stateOf(entry) !== 'READY') return false
    }
    return true
  }

  async index({ isReadyOnly = false } = {}): Promise<readonly IndexEntry[]> {
    const contents = isReadyOnly ? NO_CONTENTS : await this.#options.repository.list()
    const index = listIndex(contents, this.#failures, [
      ...this.#unloading.values(),
      ...this.loaded(undefined, undefined),
    ])
    return isReadyOnly ? index.filter(({ state }) => state === 'READY') : index
  }

  async loadAll(): Promise<readonly LoadFailure[]> {
    const { found, broken } = await this.#options.repository.list()
    const failures: LoadFailure[] = broken.map(({ path, error }) => ({ subject: path, error }))
    const names = new Set(found.map(settings => settings.name))
    await Promise.all(
      Array.from(names, async name => {
        const versions = found.filter(settings => settings.name === name)
        const failed = await this.#locks.run(name, () =>
          this.#loadVersions(name, versions, this.#stopping.signal),
        )
        failures.push(...failed)
        // Whoever starts the server reports them; the stacks are for who looks closer.
        for (const { subject, error } of failed) this.#options.log.debug('load failed', { subject, error })
      }),
    )
    return failures
  }

  load(name: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const stopping = this.#stopping.signal
    const ended = signal === undefined ? stopping : AbortSignal.any([stopping, signal])
    return this.#locks.run(name, async () => {
      // It may have waited for others of its name.
      signal?.throwIfAborted()
      const found = await this.#options.repository.find(name, ended)
      if (found.length === 0) {
        if (!this.isLoaded(name)) this.forget(name)
        throw notFound(name, undefined)
      }
      const failures = await this.#loadVersions(name, found, ended)
      signal?.throwIfAborted()
      for (const { subject, error } of failures) this.#options.log.error('load failed', { subject, error })
      if (failures[0] !== undefined) throw failures[0].error
      await this.#unloadStale(name, found)
    })
  }

  host(model: BaseModel): Promise<void> {
    const { name, version } = model.settings
    return this.#locks.run(name, async () => {
      this.#stopping.signal.throwIfAborted()
      const instance = hostInstance(hostedSettings(model.settings), bindModel(model))
      watchReadiness(model, () => this.#changed())
      const entry = this.#entryFor(name, version)
      const previous = entry.instance
      entry.instance = instance
      entry.reason = ''
      this.#failures.delete(keyOf(name, version))
      this.#chooseDefault(name)
      this.#options.onLoaded(instance)
      this.#changed()
      if (previous !== null) void this.#retireBehind(previous)
    })
  }

  unload(name: string): Promise<void> {
    return this.#locks.run(name, async () => {
      const versions = this.#models.get(name)
      // Whoever gave up a load finds its memory free.
      const leftGone = settledWithin(this.#options.drainTimeoutMs, this.#leftovers.of(name))
      if (versions !== undefined) await this.#unloadEntries(name, [...versions.values()])
      await leftGone
      if (versions === undefined) throw notFound(name, undefined)
    })
  }

  forget(name: string): void {
    const prefix = keyOf(name, '').slice(0, -JSON_TAIL)
    for (const key of this.#failures.keys()) if (key.startsWith(prefix)) this.#failures.delete(key)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(graceMs: number): Promise<void> {
    this.#stopping.abort(new ServingError('UNAVAILABLE', 'the server is stopping'))
    const instances = [...this.#models.values()].flatMap(versions =>
      [...versions.values()].flatMap(entry => entry.instance ?? []),
    )
    this.#models.clear()
    this.#defaults.clear()
    await Promise.all([
      ...instances.map(instance => this.#retire(instance, graceMs)),
      settledWithin(graceMs, [...this.#retiring, ...this.#locks.tails]),
    ])
  }

  async #loadVersions(
    name: string,
    found: readonly ModelVersionSettings[],
    signal: AbortSignal,
  ): Promise<readonly LoadFailure[]> {
    const results = await Promise.all(
      found.map(async settings => {
        try {
          await this.#loadVersion(settings, signal)
          return null
        } catch (error) {
          return { subject: subjectOf(name, settings.version), error }
        }
      }),
    )
    return results.filter(failure => failure !== null)
  }

  async #loadVersion(settings: ModelVersionSettings, signal: AbortSignal): Promise<void> {
    const { name, version } = settings
    const entry = this.#entryFor(name, version)
    const log = this.#options.log.with({ model: name, ...(version === undefined ? {} : { version }) })
    for (const warning of settings.warnings) log.warn(warning)
    if (settings.recognisedBy !== undefined) {
      const { implementation, recognisedBy: because } = settings
      log.info('recognised by its files', { implementation, because })
    }
    entry.isLoading = true
    this.#changed()
    try {
      const context = {
        signal,
        log,
        metrics: this.#options.metricsOf(name, version),
      }
      // Whoever has it loaded again wants to see what it does now.
      if (entry.instance !== null) this.#options.instances.placements?.forget(settings)
      const instance = await createInstance(settings, context, this.#options.instances, gone =>
        this.#leftovers.add(name, gone),
      )
      if (signal.aborted) {
        this.#leftovers.add(name, this.#retireBehind(instance))
        throw signal.reason
      }
      // Pools tell of what runs in workers.
      if (instance.placement.place === 'server') watchReadiness(instance.bound.model, () => this.#changed())
      const previous = entry.instance
      entry.instance = instance
      entry.reason = instance.bound.model.isReady ? '' : LOADED_UNREADY
      this.#failures.delete(keyOf(name, version))
      this.#chooseDefault(name)
      this.#options.onLoaded(instance)
      log.info(previous === null ? 'loaded' : 'reloaded', {
        durationMs: Math.round(instance.loadMs),
        runsIn: instance.placement.place,
        because: instance.placement.reason,
      })
      if (previous !== null) void this.#retireBehind(previous)
    } catch (error) {
      entry.reason = error instanceof Error ? error.message : String(error)
      if (entry.instance === null) {
        this.#forget(entry)
        this.#failures.delete(keyOf(name, version))
        if (this.#failures.size >= MAX_FAILURES) this.#failures.delete(this.#failures.keys().next().value!)
        this.#failures.set(keyOf(name, version), entry.reason)
        this.#options.onUnloaded?.(name, version)
      }
      throw error
    } finally {
      entry.isLoading = false
      this.#changed()
    }
  }

  announce(): void {
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener()
      } catch (error) {
        // Whoever only looks on must not keep models from coming and going.
        this.#options.log.error('a change of the models could not be followed', { error })
      }
    }
  }

  #entryFor(name: string, version: string | undefined): ModelEntry {
    let versions = this.#models.get(name)
    if (versions === undefined) {
      versions = new Map()
      this.#models.set(name, versions)
    }
    let entry = versions.get(version ?? '')
    if (entry === undefined) {
      entry = { name, version, instance: null, isLoading: false, isUnloading: false, reason: '' }
      versions.set(version ?? '', entry)
      this.#chooseDefault(name)
    }
    return entry
  }

  #forget(entry: ModelEntry): void {
    const versions = this.#models.get(entry.name)
    versions?.delete(entry.version ?? '')
    if (versions?.size === 0) this.#models.delete(entry.name)
    this.#chooseDefault(entry.name)
  }

  #chooseDefault(name: string): void {
    const versions = this.#models.get(name)
    if (versions === undefined) {
      this.#defaults.delete(name)
      return
    }
    // A version that is still loading must not take requests from one that can answer them.
    const loaded = [...versions.values()].filter(entry => entry.instance !== null)
    const candidates = loaded.length > 0 ? loaded : [...versions.values()]
    const chosen = pickDefaultVersion(candidates.map(entry => entry.version))
    const entry = versions.get(chosen ?? '')
    if (entry !== undefined) this.#defaults.set(name, entry)
  }

  async #unloadStale(name: string, found: readonly ModelVersionSettings[]): Promise<void> {
    const kept = new Set(found.map(settings => settings.version ?? ''))
    const entries = [...(this.#models.get(name)?.values() ?? [])]
    await this.#unloadEntries(
      name,
      entries.filter(entry => !kept.has(entry.version ?? '')),
    )
  }

  async #unloadEntries(name: string, entries: readonly ModelEntry[]): Promise<void> {
    // Forgotten before they are drained, so that no new request gets in.
    for (const entry of entries) {
      entry.isUnloading = true
      this.#unloading.set(keyOf(name, entry.version), entry)
      this.#forget(entry)
    }
    this.#changed()
    const instances = entries.flatMap(entry => entry.instance ?? [])
    await Promise.all(instances.map(instance => this.#retire(instance, this.#options.drainTimeoutMs)))
    for (const { version } of entries) {
      this.#unloading.delete(keyOf(name, version))
      this.#options.onUnloaded?.(name, version)
    }
    if (entries.length > 0) this.#options.log.info('unloaded', { model: name, versions: entries.length })
  }

  /** Drains a replaced instance in the background: the caller's load is done when the new one serves. */
  #retireBehind(instance: ModelInstance): Promise<void> {
    const retired = this.#retire(instance, this.#options.drainTimeoutMs)
    this.#retiring.add(retired)
    void retired.finally(() => this.#retiring.delete(retired))
    return retired
  }

  async #retire(instance: ModelInstance, graceMs: number): Promise<void> {
    try {
      await instance.retire(graceMs)
    } catch (error) {
      this.#options.log.error('unload failed', { model: instance.settings.name, error })
    }
  }
}

function subjectOf(name: string, version: string | undefined): string {
  return version === undefined || version === '' ? name : `${name} with version ${version}`
}

function notFound(name: string, version: string | undefined): ServingError {
  const message = name === '' ? 'the request names no model' : `Model ${subjectOf(name, version)} not found`
  return new ServingError('NOT_FOUND', message)
}
