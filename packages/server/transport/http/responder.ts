import type { IncomingMessage } from 'node:http'
import { preferredCompression } from './accept-encoding.ts'
import { compress, MIN_COMPRESSED_BYTES } from './compression.ts'
import type { Compression } from './content-encoding.ts'
import type { HttpBody, HttpResponse } from './http-types.ts'
import { type Framing, hasContentEncoding } from './response-head.ts'
import { ResponseStream } from './response-stream.ts'
import type { ResponseWriter } from './response-writer.ts'

const STREAMED: Framing = { lengthBytes: undefined, contentEncoding: undefined, variesByEncoding: false }

/**
 * Decides how a response's body goes out: as it is, compressed, or as a stream. Until it begins, another
 * response may take its place.
 */
export class Responder {
  readonly #writer: ResponseWriter
  readonly #message: IncomingMessage
  readonly #isCompressionEnabled: boolean
  #stream: ResponseStream | undefined
  #isAbandoned = false

  constructor(writer: ResponseWriter, message: IncomingMessage, isCompressionEnabled: boolean) {
    this.#writer = writer
    this.#message = message
    this.#isCompressionEnabled = isCompressionEnabled
  }

  /**
   * Sends a response, at once unless it has to be compressed or waited for. It throws or rejects when the response
   * is not a valid one or its stream fails.
   */
  send(response: HttpResponse): Promise<void> | undefined {
    const { body, headers } = response
    if (isStream(body)) return this.#sendStream(response, body)
    const pieces = toPieces(body)
    if (!this.#isCompressionEnabled || sizeOf(pieces) < MIN_COMPRESSED_BYTES || hasContentEncoding(headers)) {
      this.#sendPieces(response, pieces, undefined, false)
      return undefined
    }
    const compression = this.#isHead
      ? undefined
      : preferredCompression(this.#message.headers['accept-encoding'])
    if (compression !== undefined) return this.#sendCompressed(response, pieces, compression)
    this.#sendPieces(response, pieces, undefined, true)
    return undefined
  }

  /** Sends a response that is no stream at once and as it is, in place of one that has not begun. */
  sendInstead(response: HttpResponse): void {
    this.abandon()
    const pieces = isStream(response.body) ? [] : toPieces(response.body)
    this.#sendPieces(response, pieces, undefined, false)
  }

  /** Stops working on what has not been sent: nobody waits for it any more. */
  abandon(): void {
    this.#isAbandoned = true
    this.#stream?.cancel()
  }

  async #sendCompressed(
    response: HttpResponse,
    pieces: readonly Uint8Array[],
    compression: Compression,
  ): Promise<void> {
    const compressed = await compress(pieces, compression)
    if (this.#isAbandoned) return
    this.#sendPieces(response, compressed, compression, true)
  }

  async #sendStream(response: HttpResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
    const stream = new ResponseStream(body)
    this.#stream = stream
    if (this.#isHead || isBodiless(response.status)) {
      stream.cancel()
      this.#begin(response, STREAMED)
      this.#writer.finish([])
      return
    }
    const first = await stream.first()
    if (this.#isAbandoned) return
    this.#begin(response, STREAMED)
    await this.#writer.stream(stream, first)
    // A stream that was cancelled on the way must not look complete.
    if (!this.#isAbandoned) this.#writer.finish([])
  }

  #sendPieces(
    response: HttpResponse,
    pieces: readonly Uint8Array[],
    contentEncoding: Compression | undefined,
    variesByEncoding: boolean,
  ): void {
    const lengthBytes = isBodiless(response.status) ? undefined : sizeOf(pieces)
    this.#begin(response, { lengthBytes, contentEncoding, variesByEncoding })
    this.#writer.finish(lengthBytes === undefined || this.#isHead ? [] : pieces)
  }

  #begin(response: HttpResponse, framing: Framing): void {
    this.#writer.begin(response.status, response.headers, framing)
  }

  get #isHead(): boolean {
    return this.#message.method === 'HEAD'
  }
}

/** Releases what an unwanted response holds. */
export function discard({ body }: HttpResponse): void {
  if (isStream(body)) new ResponseStream(body).cancel()
}

function isStream(body: HttpBody | undefined): body is AsyncIterable<Uint8Array> {
  return body !== undefined && Symbol.asyncIterator in body
}

function toPieces(body: Uint8Array | readonly Uint8Array[] | undefined): readonly Uint8Array[] {
  if (body === undefined) return []
  return body instanceof Uint8Array ? [body] : body
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let sizeBytes = 0
  for (const piece of pieces) sizeBytes += piece.byteLength
  return sizeBytes
}

/** RFC 9110 section 6.4.1: these have no body, and no length either. */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304
}
