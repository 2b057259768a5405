import type { ModelSizes } from '../../lifecycle/index.ts'
import type { MeshModelInfo, MeshModelPreview, MeshModels } from '../../repository/index.ts'

/** How much memory models of a mesh will take, as far as others have shown it. */
export interface SizePrediction {
  /**
   * Bytes; always an answer in time, because a mesh never asks again once it has been told that there is none.
   * @throws ServingError as a load would, for a path or a key that cannot be right
   */
  predict(id: string, info: MeshModelInfo, signal: AbortSignal): Promise<number>
  /** Takes note of what a model took. */
  learn(id: string, info: MeshModelInfo, bytes: number): Promise<void>
}

export interface SizePredictionOptions {
  readonly models: Pick<MeshModels, 'preview'>
  readonly sizes: Pick<ModelSizes, 'predict'>
  /** What a model takes of which nothing is known. */
  readonly defaultBytes: number
  /** Default: 400; a mesh waits 500. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 400
/** The latest models of a format, whose size is remembered. */
const REMEMBERED = 64
const MAX_FORMATS = 256
/** So many of a format's models take no more: rather too much than memory that is not there. */
const QUANTILE = 0.75

export function createSizePrediction(options: SizePredictionOptions): SizePrediction {
  const { models, sizes, defaultBytes, timeoutMs = TIMEOUT_MS } = options
  const learned = new Map<string, FormatSizes>()

  /** Where the files are not at hand: by what the key says of them, and by what others of the format took. */
  const fromFormat = (preview: Omit<MeshModelPreview, 'settings'> | undefined): number => {
    const known = learned.get(preview?.format ?? '')
    const { diskSizeBytes } = preview ?? {}
    if (diskSizeBytes !== undefined && diskSizeBytes > 0) {
      return Math.ceil(diskSizeBytes * (known?.ratio() ?? FIRST_RATIO))
    }
    return known?.bytes() ?? defaultBytes
  }
  const look = async (id: string, info: MeshModelInfo, signal: AbortSignal): Promise<number> => {
    const preview = await models.preview(id, info, signal)
    return preview.settings === undefined ? fromFormat(preview) : sizes.predict(preview.settings)
  }
  return {
    async predict(id, info, signal) {
      const { promise: late, resolve } = Promise.withResolvers<number>()
      const timer = setTimeout(() => resolve(fromFormat(undefined)), timeoutMs)
      try {
        return await Promise.race([look(id, info, signal), late])
      } finally {
        clearTimeout(timer)
      }
    },
    async learn(id, info, bytes) {
      const { format = '', diskSizeBytes } = await models.preview(id, info, new AbortController().signal)
      const known = learned.get(format) ?? new FormatSizes()
      if (learned.size >= MAX_FORMATS && !learned.has(format)) return
      learned.set(format, known)
      known.add(bytes, diskSizeBytes)
    },
  }
}

/** What a model takes of memory for each byte on disk, where no other of its format has shown it. */
const FIRST_RATIO = 1.25

class FormatSizes {
  readonly #bytes: number[] = []
  readonly #ratios: number[] = []

  add(bytes: number, diskSizeBytes: number | undefined): void {
    this.#bytes.push(bytes)
    if (this.#bytes.length > REMEMBERED) this.#bytes.shift()
    if (diskSizeBytes === undefined || diskSizeBytes === 0) return
    this.#ratios.push(bytes / diskSizeBytes)
    if (this.#ratios.length > REMEMBERED) this.#ratios.shift()
  }

  bytes(): number | undefined {
    return quantileOf(this.#bytes)
  }

  ratio(): number | undefined {
    return quantileOf(this.#ratios)
  }
}

function quantileOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * QUANTILE) - 1]
}
