import { artefactBytes, type ModelVersionSettings } from '../repository/index.ts'
import type { LoadedMemory } from '../workers/index.ts'

/** What a loaded model takes, in bytes, and how that is known. */
export interface ModelMemory {
  readonly bytes: number
  /**
   * `runtime`: the model says so; `process`: the process that it runs in grew by so much while it loaded; `files`: worked
   * out from its artefact, because other models loaded at the same time, or moved into memory that others had left.
   */
  readonly measuredBy: 'runtime' | 'process' | 'files'
}

/** Knows what models take, and what they will probably take. */
export interface ModelSizes {
  /** Before a load: what it took the last time; else its artefact times what others of its implementation take of theirs. */
  predict(settings: ModelVersionSettings): Promise<number>
  /** After a load, or beside one that is under way: then its artefact has been looked at when it ends. */
  measure(settings: ModelVersionSettings, memory: LoadedMemory | Promise<LoadedMemory>): Promise<ModelMemory>
}

/** What a model takes of memory for each byte on disk, where no other has shown it. */
const FIRST_RATIO = 1.25
const LEAST_RATIO = 0.25
const LARGEST_RATIO = 20
/** How much the latest load counts. */
const LEARNING = 0.25
/** Of smaller artefacts nothing can be learned: whatever else goes on weighs more. */
const LEAST_TELLING_BYTES = 256 * 1024
/** No model takes less: its code, its settings and what it is described by. */
const LEAST_BYTES = 64 * 1024
/** A growth below this share of the artefact shows that the model has moved into memory that was there already. */
const LEAST_GROWTH = 0.5
/** Names and versions whose size is remembered. */
const MAX_REMEMBERED = 100_000

export function createModelSizes(): ModelSizes {
  return new Sizes()
}

interface Remembered {
  readonly bytes: number
  /** Of the artefact: another one is another model. */
  readonly artefactBytes: number
}

class Sizes implements ModelSizes {
  readonly #ratios = new Map<string, number>()
  /** Implementations whose ratio is that of one growth alone, in which its library was loaded as well. */
  readonly #firsts = new Set<string>()
  /** By implementation, the least that a model with a small artefact has said to take. */
  readonly #least = new Map<string, number>()
  readonly #latest = new Map<string, Remembered>()

  async predict(settings: ModelVersionSettings): Promise<number> {
    const onDisk = await artefactBytes(settings)
    const latest = this.#latest.get(keyOf(settings))
    // What is not on this machine yet cannot be compared.
    const isSame = latest !== undefined && (onDisk === 0 || onDisk === latest.artefactBytes)
    return isSame ? latest.bytes : this.#fromFiles(settings, onDisk)
  }

  async measure(
    settings: ModelVersionSettings,
    loading: LoadedMemory | Promise<LoadedMemory>,
  ): Promise<ModelMemory> {
    const [onDisk, { statedBytes, grownBytes }] = await Promise.all([artefactBytes(settings), loading])
    const memory = this.#choose(settings, onDisk, statedBytes, grownBytes)
    if (memory.measuredBy !== 'files') this.#learn(settings, onDisk, memory)
    this.#latest.delete(keyOf(settings))
    if (this.#latest.size >= MAX_REMEMBERED) this.#latest.delete(this.#latest.keys().next().value!)
    this.#latest.set(keyOf(settings), { bytes: memory.bytes, artefactBytes: onDisk })
    return memory
  }

  #choose(
    settings: ModelVersionSettings,
    onDisk: number,
    stated: number | undefined,
    grown: number | undefined,
  ): ModelMemory {
    if (stated !== undefined) return { bytes: Math.max(stated, LEAST_BYTES), measuredBy: 'runtime' }
    if (grown !== undefined && grown >= onDisk * LEAST_GROWTH)
      return { bytes: Math.max(grown, LEAST_BYTES), measuredBy: 'process' }
    return { bytes: this.#fromFiles(settings, onDisk), measuredBy: 'files' }
  }

  #fromFiles({ implementation }: ModelVersionSettings, onDisk: number): number {
    const least = onDisk < LEAST_TELLING_BYTES ? (this.#least.get(implementation) ?? 0) : 0
    const ratio = this.#ratios.get(implementation) ?? FIRST_RATIO
    return Math.max(Math.ceil(onDisk * ratio), least, LEAST_BYTES)
  }

  #learn({ implementation }: ModelVersionSettings, onDisk: number, { bytes, measuredBy }: ModelMemory): void {
    if (onDisk < LEAST_TELLING_BYTES) {
      // Models that are made or fetched by their class: what each of them takes, others have to make room for in time.
      if (measuredBy === 'runtime')
        this.#least.set(implementation, Math.min(bytes, this.#least.get(implementation) ?? bytes))
      return
    }
    const shown = Math.min(Math.max(bytes / onDisk, LEAST_RATIO), LARGEST_RATIO)
    const before = this.#ratios.get(implementation)
    if (before === undefined) {
      if (measuredBy === 'process') this.#firsts.add(implementation)
      this.#ratios.set(implementation, shown)
    } else if (this.#firsts.delete(implementation)) {
      this.#ratios.set(implementation, Math.min(before, shown))
    } else this.#ratios.set(implementation, before + (shown - before) * LEARNING)
  }
}

function keyOf({ name, version }: ModelVersionSettings): string {
  return JSON.stringify([name, version ?? ''])
}
