import { ServingError } from '@millrace/sdk'
import { allocateAligned } from './aligned-buffer.ts'
import type { CallMemory } from './call-memory.ts'

/** One byte of flags and four of length before every message. */
const PREFIX_BYTES = 5

export interface ReceivedMessage {
  readonly bytes: Buffer
  readonly isCompressed: boolean
  /** True when no other message and no chunk shares the memory. */
  readonly isAlone: boolean
}

export interface MessageReaderOptions {
  readonly maxMessageBytes: number
  readonly memory: Pick<CallMemory, 'reserve'>
  readonly alignAt: ((head: Uint8Array) => number) | undefined
  /** Refuse a second message: the method is unary. */
  readonly isSingle: boolean
}

/**
 * Cuts the bytes of a call into its messages.
 *
 *     chunks     |00 00 00 00 06 a b c|d e f 00 00 00|00 02 g h|
 *     messages                   a b c d e f                g h
 *
 * A message that lies in one chunk is a view of it: node never writes again into memory that it
 * handed out (a read from the socket gets fresh memory, which the chunks of that read share). Any
 * other message is copied, once, into memory of its own that is allocated when its first byte is
 * there.
 */
export class MessageReader {
  readonly #options: MessageReaderOptions
  #chunk: Buffer | undefined
  #chunkOffset = 0
  #prefix: Buffer | undefined
  #prefixBytes = 0
  /** Length of the message that is being read, or -1 between messages. */
  #length = -1
  #isCompressed = false
  #body: Buffer | undefined
  #bodyBytes = 0
  #messageCount = 0

  constructor(options: MessageReaderOptions) {
    this.#options = options
  }

  /** True when the call may not end here. */
  get isInsideMessage(): boolean {
    return this.#length >= 0 || this.#prefixBytes > 0
  }

  /** Hands over the next chunk. Only when `take` has returned undefined. */
  add(chunk: Buffer): void {
    this.#chunk = chunk
    this.#chunkOffset = 0
  }

  /**
   * The next complete message, or undefined when more chunks are needed.
   * @throws ServingError for bytes that are not messages, and for messages that are refused; the
   * reader cannot go on after that
   */
  take(): ReceivedMessage | undefined {
    if (this.#chunk === undefined) return undefined
    if (this.#length < 0 && !this.#readPrefix(this.#chunk)) return undefined
    return this.#readBody(this.#chunk)
  }

  #readPrefix(chunk: Buffer): boolean {
    const available = chunk.length - this.#chunkOffset
    if (this.#prefixBytes === 0 && available >= PREFIX_BYTES) {
      this.#open(chunk, this.#chunkOffset)
      this.#chunkOffset += PREFIX_BYTES
      return true
    }
    this.#prefix ??= Buffer.allocUnsafeSlow(PREFIX_BYTES)
    const taken = Math.min(PREFIX_BYTES - this.#prefixBytes, available)
    chunk.copy(this.#prefix, this.#prefixBytes, this.#chunkOffset, this.#chunkOffset + taken)
    this.#prefixBytes += taken
    this.#chunkOffset += taken
    if (this.#prefixBytes < PREFIX_BYTES) {
      this.#chunk = undefined
      return false
    }
    this.#prefixBytes = 0
    this.#open(this.#prefix, 0)
    return true
  }

  #open(prefix: Buffer, offset: number): void {
    const flags = prefix.readUInt8(offset)
    const length = prefix.readUInt32BE(offset + 1)
    if (flags > 1) {
      throw new ServingError('INTERNAL', `a message starts with flags ${flags}; allowed are 0 and 1`)
    }
    if (this.#options.isSingle && this.#messageCount > 0) {
      throw new ServingError('UNIMPLEMENTED', 'the client sent more than one message to a unary method')
    }
    if (length > this.#options.maxMessageBytes) throw tooLarge(length, this.#options.maxMessageBytes)
    this.#options.memory.reserve(length)
    this.#messageCount++
    this.#length = length
    this.#isCompressed = flags === 1
  }

  #readBody(chunk: Buffer): ReceivedMessage | undefined {
    const start = this.#chunkOffset
    const available = chunk.length - start
    if (this.#body === undefined) {
      if (available >= this.#length) {
        this.#chunkOffset += this.#length
        return this.#close(chunk.subarray(start, this.#chunkOffset), false)
      }
      this.#chunk = undefined
      if (available === 0) return undefined
      const alignAt = this.#isCompressed ? -1 : (this.#options.alignAt?.(chunk.subarray(start)) ?? -1)
      this.#body = allocateAligned(this.#length, alignAt)
    }
    const taken = Math.min(this.#length - this.#bodyBytes, available)
    chunk.copy(this.#body, this.#bodyBytes, start, start + taken)
    this.#bodyBytes += taken
    if (this.#bodyBytes < this.#length) {
      this.#chunk = undefined
      return undefined
    }
    this.#chunkOffset += taken
    return this.#close(this.#body, true)
  }

  #close(bytes: Buffer, isAlone: boolean): ReceivedMessage {
    this.#body = undefined
    this.#bodyBytes = 0
    this.#length = -1
    return { bytes, isCompressed: this.#isCompressed, isAlone }
  }
}

export function tooLarge(sizeBytes: number, maxMessageBytes: number): ServingError {
  return new ServingError(
    'RESOURCE_EXHAUSTED',
    `a message of ${sizeBytes} bytes is larger than the ${maxMessageBytes} bytes that are allowed`,
  )
}

export function truncated(): ServingError {
  return new ServingError('INTERNAL', 'the request ended in the middle of a message')
}
