import { Buffer } from 'node:buffer'
import { freeMemory } from '../free-memory.ts'

const FIRST_CAPACITY_BYTES = 16 * 1024

export interface BodyBufferOptions {
  /** Offset of the byte that shall lie at a multiple of 8 in the underlying ArrayBuffer. */
  readonly alignAt: number
  /** Never grows beyond this; the caller does not append more. */
  readonly maxBytes: number
  /** Asked before memory is taken; throws when there is no room. */
  readonly reserve: (sizeBytes: number) => void
}

/**
 * Collects a body that arrives in chunks in one piece of memory of its own, never from Node's
 * shared pool, with up to 7 bytes of slack in front:
 *
 * ```
 * | slack | 0 … alignAt-1 | alignAt … |
 *                         ^ multiple of 8
 * ```
 */
export class BodyBuffer {
  readonly #options: BodyBufferOptions
  readonly #slackBytes: number
  #memory: Buffer
  #capacityBytes: number
  #sizeBytes = 0

  /** @param exactBytes the size to come, if known; otherwise the memory grows by doubling. */
  constructor(exactBytes: number | undefined, options: BodyBufferOptions) {
    this.#options = options
    this.#slackBytes = slackFor(options.alignAt)
    this.#capacityBytes = exactBytes ?? Math.min(FIRST_CAPACITY_BYTES, options.maxBytes)
    options.reserve(this.#capacityBytes)
    this.#memory = Buffer.allocUnsafeSlow(this.#slackBytes + this.#capacityBytes)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  append(chunk: Uint8Array): void {
    const neededBytes = this.#sizeBytes + chunk.byteLength
    if (neededBytes > this.#capacityBytes) this.#grow(neededBytes)
    this.#memory.set(chunk, this.#slackBytes + this.#sizeBytes)
    this.#sizeBytes = neededBytes
  }

  /** What was appended, without a copy; to be asked for when all is there. */
  view(): Uint8Array {
    return this.#memory.subarray(this.#slackBytes, this.#slackBytes + this.#sizeBytes)
  }

  /** Frees the memory: views of it become empty. */
  free(): void {
    freeMemory(this.#memory)
  }

  #grow(neededBytes: number): void {
    const capacityBytes = Math.min(this.#options.maxBytes, Math.max(neededBytes, 2 * this.#capacityBytes))
    this.#options.reserve(capacityBytes - this.#capacityBytes)
    const memory = Buffer.allocUnsafeSlow(this.#slackBytes + capacityBytes)
    this.#memory.copy(memory, 0, 0, this.#slackBytes + this.#sizeBytes)
    freeMemory(this.#memory)
    this.#memory = memory
    this.#capacityBytes = capacityBytes
  }
}

/** True when byte `alignAt` of `bytes` lies at a multiple of 8 in its ArrayBuffer. */
export function isAligned(bytes: Uint8Array, alignAt: number): boolean {
  return (bytes.byteOffset + alignAt) % 8 === 0
}

function slackFor(alignAt: number): number {
  return (8 - (alignAt % 8)) % 8
}
