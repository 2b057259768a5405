import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Logger } from '@millrace/sdk'
import type { RuntimeChoice, ServableSpec } from '../../../deploy/index.ts'

/** What is expected of a replica of which nothing is known. */
const DEFAULT_REPLICA_BYTES = 256 * 1024 * 1024
/** What changes meanwhile shares one write. */
const WRITE_DELAY_MS = 200

/** What servables have taken when they were measured, in a file: which of them have served, and how much room others will need. */
export interface ServableSizes {
  /** Whether it has been ready once, in this life or an earlier one. */
  hasServed(name: string): boolean
  /**
   * What a servable will probably take: as the latest of its version did, else of its runtime, else a default. What was
   * not measured of its own version is never more than the budget, so that it is tried.
   */
  predict(spec: ServableSpec, budgetBytes: number): number
  /** @param isStart it has just become ready */
  note(spec: ServableSpec, bytes: number, isStart: boolean): void
  /** It was deleted. */
  forget(name: string): void
  /** Writes what is to be written. */
  close(): Promise<void>
}

interface Measured {
  readonly version: string
  readonly runtime: string
  /** When it was ready. */
  readonly startBytes: number
  /** Of each replica. */
  readonly latestBytes: number
}

/** One whose file is lost or cannot be read begins anew: servables are then started once more to be measured. */
export async function openServableSizes(path: string, log: Logger): Promise<ServableSizes> {
  const sizes = new Sizes(path, log)
  await sizes.read()
  return sizes
}

class Sizes implements ServableSizes {
  readonly #path: string
  readonly #log: Logger
  readonly #byName = new Map<string, Measured>()
  readonly #byVersion = new Map<string, Measured>()
  readonly #byRuntime = new Map<string, Measured>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string, log: Logger) {
    this.#path = path
    this.#log = log
  }

  async read(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined)
    if (text === undefined) return
    try {
      for (const [name, entry] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
        if (isMeasured(entry)) this.#keep(name, entry)
      }
    } catch (error) {
      this.#log.warn('the sizes of servables cannot be read; they are measured anew', {
        path: this.#path,
        error,
      })
    }
  }

  hasServed(name: string): boolean {
    return this.#byName.has(name)
  }

  predict(spec: ServableSpec, budgetBytes: number): number {
    const { replicas } = spec
    const own = this.#byName.get(spec.name) ?? this.#byVersion.get(versionOf(spec))
    if (own !== undefined) {
      const latest = own.latestBytes * replicas
      // One that has grown beyond all bounds begins small again.
      return latest > budgetBytes ? own.startBytes * replicas : latest
    }
    const alike = this.#byRuntime.get(runtimeOf(spec.runtime))
    return Math.min((alike?.latestBytes ?? DEFAULT_REPLICA_BYTES) * replicas, budgetBytes)
  }

  note(spec: ServableSpec, bytes: number, isStart: boolean): void {
    const { name, replicas } = spec
    const latestBytes = Math.ceil(bytes / replicas)
    const before = this.#byName.get(name)
    const startBytes = isStart ? latestBytes : (before?.startBytes ?? latestBytes)
    this.#keep(name, {
      version: versionOf(spec),
      runtime: runtimeOf(spec.runtime),
      startBytes,
      latestBytes,
    })
    // How it grows is written with the next start, or at the end.
    if (isStart) this.#schedule()
  }

  forget(name: string): void {
    if (this.#byName.delete(name)) this.#schedule()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#write()
  }

  #keep(name: string, measured: Measured): void {
    this.#byName.set(name, measured)
    this.#byVersion.set(measured.version, measured)
    this.#byRuntime.set(measured.runtime, measured)
  }

  #schedule(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, WRITE_DELAY_MS)
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await mkdir(dirname(this.#path), { recursive: true })
        await writeFile(`${this.#path}.new`, JSON.stringify(Object.fromEntries(this.#byName)), {
          mode: 0o600,
        })
        await rename(`${this.#path}.new`, this.#path)
      } catch (error) {
        this.#log.warn('the sizes of servables cannot be written; after a restart they are measured anew', {
          path: this.#path,
          error,
        })
      }
    })
    return this.#writing
  }
}

function versionOf({ modelName, modelVersion }: ServableSpec): string {
  return `${modelName}:${modelVersion}`
}

function runtimeOf(runtime: RuntimeChoice): string {
  if (runtime.kind === 'image') return `image ${runtime.image}`
  return runtime.kind === 'program' ? `program ${runtime.command.join(' ')}` : runtime.kind
}

function isMeasured(value: unknown): value is Measured {
  if (typeof value !== 'object' || value === null) return false
  const { version, runtime, startBytes, latestBytes } = value as Record<string, unknown>
  return (
    typeof version === 'string' &&
    typeof runtime === 'string' &&
    Number.isSafeInteger(startBytes) &&
    Number.isSafeInteger(latestBytes)
  )
}
