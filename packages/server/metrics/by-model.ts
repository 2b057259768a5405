/** What is kept of one model version. */
export interface OfModel<T> {
  readonly labels: { readonly model: string; readonly version: string }
  readonly value: T
}

export interface ByModelOptions<T> {
  readonly create: (model: string, version: string) => T
  /** Of how many models that are loaded no more it is kept; of these the one that was unloaded first goes. */
  readonly maxUnloaded: number
  /** It is kept no longer. */
  readonly onDropped?: (value: T) => void
}

/** Keeps something for each model version: as long as it is loaded, and for so many of those that are not. */
export class ByModel<T> {
  readonly #options: ByModelOptions<T>
  readonly #loaded = new Map<string, OfModel<T>>()
  /** In the order of their unloads. */
  readonly #unloaded = new Map<string, OfModel<T>>()

  constructor(options: ByModelOptions<T>) {
    this.#options = options
  }

  /** The same for the same name and version, until it is dropped. Whoever asks says that the model is loaded. */
  of(model: string, version = ''): T {
    const key = keyOf(model, version)
    let found = this.#loaded.get(key)
    if (found !== undefined) return found.value
    found = this.#unloaded.get(key) ?? {
      labels: { model, version },
      value: this.#options.create(model, version),
    }
    this.#unloaded.delete(key)
    this.#loaded.set(key, found)
    return found.value
  }

  /** The model is loaded no more. */
  unload(model: string, version = ''): void {
    const key = keyOf(model, version)
    const found = this.#loaded.get(key)
    if (found === undefined) return
    this.#loaded.delete(key)
    this.#unloaded.set(key, found)
    if (this.#unloaded.size <= this.#options.maxUnloaded) return
    for (const [oldest, { value }] of this.#unloaded) {
      this.#unloaded.delete(oldest)
      this.#options.onDropped?.(value)
      return
    }
  }

  /** Of loaded models, and of so many that were unloaded last. */
  *latest(maxUnloaded: number): Iterable<OfModel<T>> {
    yield* this.#loaded.values()
    let skipped = Math.max(this.#unloaded.size - maxUnloaded, 0)
    for (const found of this.#unloaded.values()) if (skipped-- <= 0) yield found
  }

  get size(): number {
    return this.#loaded.size + this.#unloaded.size
  }
}

function keyOf(model: string, version: string): string {
  return JSON.stringify([model, version])
}
