import type { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { ServingError } from '@millrace/sdk'
import type { ByteBudget } from '../../base/index.ts'
import { freeChunk } from '../free-memory.ts'
import { BodyBuffer, isAligned } from './body-buffer.ts'
import { type Compression, createInflater, type Inflater } from './content-encoding.ts'
import { listenerErrors } from './listener-errors.ts'

/** What all bodies of one listener share. */
export interface BodyLimits {
  readonly maxBodyBytes: number
  /** What a body takes out of it stays taken until {@link BodyReader.release}. */
  readonly budget: ByteBudget
}

/**
 * Reads one body of at least one byte on the wire, or of unknown length, into memory. Each byte is copied once, out of
 * the chunk that the HTTP parser made of it; a body that fits one chunk and lies right already is that chunk.
 */
export class BodyReader {
  readonly bytes: Promise<Uint8Array>
  readonly #message: IncomingMessage
  readonly #alignAt: number
  readonly #limits: BodyLimits
  #resolve!: (bytes: Uint8Array) => void
  #reject!: (error: ServingError) => void
  #buffer: BodyBuffer | undefined
  #inflater: Inflater | undefined
  #receivedBytes = 0
  #reservedBytes = 0
  #isPending = true
  #body: Uint8Array | undefined

  /** @param lengthBytes bytes on the wire, or `undefined` for a chunked body */
  constructor(
    message: IncomingMessage,
    lengthBytes: number | undefined,
    compression: Compression | undefined,
    alignAt: number,
    limits: BodyLimits,
  ) {
    this.#message = message
    this.#alignAt = alignAt
    this.#limits = limits
    this.bytes = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (compression !== undefined) {
      message.on('data', (chunk: Buffer) => this.#onCompressed(chunk, compression))
      message.on('end', () => this.#onCompressedEnd())
    } else if (lengthBytes === undefined) {
      message.on('data', (chunk: Buffer) => {
        this.#onChunk(chunk)
        freeChunk(chunk)
      })
      message.on('end', () => this.#complete())
    } else if (this.#attempt(() => this.#reserve(lengthBytes))) {
      message.on('data', (chunk: Buffer) => this.#onSizedChunk(chunk, lengthBytes))
    }
  }

  get isPending(): boolean {
    return this.#isPending
  }

  /** Gives up reading; does nothing once the body is there. */
  fail(error: ServingError): void {
    if (!this.#isPending) return
    this.#isPending = false
    // Whoever answers decides what becomes of the rest; until then nothing more is taken in.
    this.#message.pause()
    this.#inflater?.destroy()
    this.#buffer = undefined
    // A handler that failed for a reason of its own may not be waiting for its body any more.
    tolerateNobodyWaiting(this.bytes)
    this.#reject(error)
  }

  /** Returns the body's bytes to the budget. */
  release(): void {
    this.#limits.budget.release(this.#reservedBytes)
    this.#reservedBytes = 0
  }

  /**
   * Frees the body's memory, to be called when nobody needs it any more: whoever still looks at it finds it empty.
   * Only once the body is there.
   */
  free(): void {
    if (this.#buffer !== undefined) this.#buffer.free()
    else if (this.#body !== undefined) freeChunk(this.#body)
    this.#body = undefined
    this.#buffer = undefined
  }

  #onSizedChunk(chunk: Buffer, lengthBytes: number): void {
    if (!this.#isPending) return
    const alignAt = this.#alignAt
    if (chunk.byteLength === lengthBytes && isAligned(chunk, alignAt)) {
      this.#settleAtEnd(chunk)
      return
    }
    this.#attempt(() => {
      this.#buffer ??= new BodyBuffer(lengthBytes, {
        alignAt,
        maxBytes: lengthBytes,
        reserve: alreadyReserved,
      })
      this.#buffer.append(chunk)
    })
    freeChunk(chunk)
    if (this.#buffer?.sizeBytes === lengthBytes) this.#settleAtEnd(this.#buffer.view())
  }

  #onChunk(chunk: Buffer): void {
    if (!this.#isPending) return
    const { maxBodyBytes } = this.#limits
    this.#attempt(() => {
      this.#buffer ??= new BodyBuffer(undefined, {
        alignAt: this.#alignAt,
        maxBytes: maxBodyBytes,
        reserve: sizeBytes => this.#reserve(sizeBytes),
      })
      if (this.#buffer.sizeBytes + chunk.byteLength > maxBodyBytes)
        throw listenerErrors.bodyTooLarge(maxBodyBytes)
      this.#buffer.append(chunk)
    })
  }

  #onCompressed(chunk: Buffer, compression: Compression): void {
    if (!this.#isPending) return
    const { maxBodyBytes } = this.#limits
    this.#receivedBytes += chunk.byteLength
    if (this.#receivedBytes > maxBodyBytes) {
      this.fail(listenerErrors.bodyTooLarge(maxBodyBytes))
      return
    }
    this.#inflater ??= this.#openInflater(compression, chunk)
    if (!this.#inflater.write(chunk)) this.#message.pause()
  }

  #onCompressedEnd(): void {
    if (this.#inflater === undefined) this.#complete()
    else this.#inflater.end()
  }

  #openInflater(compression: Compression, firstChunk: Buffer): Inflater {
    const inflater = createInflater(compression, firstChunk)
    inflater.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    inflater.on('drain', () => this.#message.resume())
    inflater.on('end', () => this.#complete())
    inflater.on('error', (cause: Error) => this.fail(listenerErrors.bodyNotDecodable(compression, cause)))
    return inflater
  }

  #complete(): void {
    this.#settle(this.#buffer?.view() ?? new Uint8Array(0))
  }

  /**
   * A handler must not answer before the parser knows that the request is complete, or the response would
   * take the body for unread and end the connection.
   */
  #settleAtEnd(bytes: Uint8Array): void {
    if (this.#message.complete) this.#settle(bytes)
    else this.#message.on('end', () => this.#settle(bytes))
  }

  #settle(bytes: Uint8Array): void {
    if (!this.#isPending) return
    this.#isPending = false
    this.#body = bytes
    this.#resolve(bytes)
  }

  #reserve(sizeBytes: number): void {
    const { budget } = this.#limits
    if (!budget.tryReserve(sizeBytes)) throw listenerErrors.tooManyBytes(budget.limitBytes)
    this.#reservedBytes += sizeBytes
  }

  /** Does what may find no room, in the budget or in memory; a failure is the reader's. */
  #attempt(step: () => void): boolean {
    try {
      step()
      return true
    } catch (error) {
      this.fail(ServingError.from(error, 'request body could not be held'))
      return false
    }
  }
}

function alreadyReserved(): void {}

/** Keeps a rejection from ending the process although nobody may be waiting for the promise any more. */
export function tolerateNobodyWaiting(promise: Promise<unknown>): void {
  promise.then(undefined, () => {})
}
