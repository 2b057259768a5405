import { ServingError } from '../../errors/index.ts'

/** One byte of flags and four of length before the message. */
const PREFIX_BYTES = 5
/** What a typed array over 8-byte elements needs. */
const ALIGNMENT_BYTES = 8

/** Where in a message the data begins that should lie at a multiple of 8, as far as its first bytes tell; else -1. */
export type PayloadOffset = (head: Uint8Array) => number

/**
 * Puts the one message of an answer together. One that lies in a single chunk is a view of it; any other is copied, once,
 * as its chunks come, into memory of its own.
 */
export class AnswerMessage {
  readonly #maxBytes: number
  readonly #payloadOffset: PayloadOffset | undefined
  #isCompressed = false
  #sizeBytes = -1
  #receivedBytes = 0
  /** The beginning of a prefix that has come in pieces. */
  #start: Buffer | undefined
  #body: Buffer | undefined

  constructor(maxBytes: number, payloadOffset: PayloadOffset | undefined) {
    this.#maxBytes = maxBytes
    this.#payloadOffset = payloadOffset
  }

  get isCompressed(): boolean {
    return this.#isCompressed
  }

  /** The message, when all of it is there. */
  get bytes(): Buffer | undefined {
    return this.#receivedBytes === this.#sizeBytes ? this.#body : undefined
  }

  /** True before the first byte. */
  get isEmpty(): boolean {
    return this.#sizeBytes < 0 && this.#start === undefined
  }

  /** @throws ServingError for bytes that are no message, a second message, and one beyond the limit */
  add(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.#sizeBytes < 0) this.#begin(chunk)
    else this.#append(chunk)
  }

  #begin(chunk: Buffer): void {
    const head = this.#start === undefined ? chunk : Buffer.concat([this.#start, chunk])
    if (head.length < PREFIX_BYTES) {
      this.#start = head
      return
    }
    const flags = head[0]!
    const sizeBytes = head.readUInt32BE(1)
    if (flags > 1) {
      throw new ServingError(
        'INTERNAL',
        `the server's message starts with flags ${flags}; allowed are 0 and 1`,
      )
    }
    if (sizeBytes > this.#maxBytes) throw tooLarge(`${sizeBytes} bytes`, this.#maxBytes)
    this.#sizeBytes = sizeBytes
    this.#isCompressed = flags === 1
    // Where the data lies is told by the message's own first bytes.
    if (head.length > PREFIX_BYTES || sizeBytes === 0) this.#append(head.subarray(PREFIX_BYTES))
  }

  #allocate(sizeBytes: number, head: Buffer): Buffer {
    const offset = this.#isCompressed ? -1 : (this.#payloadOffset?.(head) ?? -1)
    const paddingBytes = offset <= 0 ? 0 : (ALIGNMENT_BYTES - (offset % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES
    return Buffer.allocUnsafeSlow(sizeBytes + paddingBytes).subarray(paddingBytes)
  }

  #append(chunk: Buffer): void {
    if (this.#body === undefined) {
      if (chunk.length === this.#sizeBytes) {
        this.#body = chunk
        this.#receivedBytes = this.#sizeBytes
        return
      }
      if (chunk.length < this.#sizeBytes) this.#body = this.#allocate(this.#sizeBytes, chunk)
    }
    if (chunk.length > this.#sizeBytes - this.#receivedBytes) {
      throw new ServingError('UNIMPLEMENTED', 'the server answered with more than one message')
    }
    chunk.copy(this.#body!, this.#receivedBytes)
    this.#receivedBytes += chunk.length
  }
}

export function tooLarge(size: string, maxBytes: number): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', `the answer has ${size}; allowed are ${maxBytes}`)
}
