import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { encodeGrpcMessage } from './grpc-message.ts'
import type { GrpcMessage, GrpcStatus } from './grpc-types.ts'
import { ACCEPTED_ENCODINGS, type MessageEncoding } from './message-encoding.ts'
import { writeMessage } from './message-writer.ts'

const HEADERS: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
}
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false }
const TRAILERS_ONLY = { endStream: true, sendDate: false }
const OK_TRAILERS: OutgoingHttpHeaders = { 'grpc-status': '0' }

/** The sending half of one call: headers before the first message, trailers after the last. */
export class CallResponse {
  readonly #stream: ServerHttp2Stream
  #isStarted = false
  #isComplete = false
  #trailers: OutgoingHttpHeaders = OK_TRAILERS

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  /** True once the status is on its way. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** True while the client has not taken what was written. */
  get isBlocked(): boolean {
    return this.#stream.writableLength > 0
  }

  /** Sends the headers. `encoding` is what flagged messages will be compressed with. */
  start(encoding: MessageEncoding | undefined): void {
    this.#isStarted = true
    this.#stream.respond(
      encoding === undefined ? HEADERS : { ...HEADERS, 'grpc-encoding': encoding },
      WITH_TRAILERS,
    )
    this.#stream.on('wantTrailers', () => {
      this.#stream.sendTrailers(this.#trailers)
      this.#complete()
    })
  }

  /** @returns false when the client is slower than the writer: wait for `drain` */
  write(message: GrpcMessage, sizeBytes: number, isCompressed: boolean): boolean {
    return writeMessage(this.#stream, message, sizeBytes, isCompressed)
  }

  /** Ends the call; without any message before, in one frame. */
  end(status: GrpcStatus, metadata: Iterable<readonly [string, string]> | undefined): void {
    // The client has left, and with it the stream.
    if (this.#stream.destroyed || this.#stream.closed) return
    if (status.code !== 0 || status.message !== '' || metadata !== undefined) {
      this.#trailers = toTrailers(status, metadata)
    }
    if (this.#isStarted) {
      this.#stream.end()
    } else {
      this.#stream.respond({ ...HEADERS, ...this.#trailers }, TRAILERS_ONLY)
      this.#complete()
    }
  }

  /**
   * A client that is still sending is told to stop (RFC 9113, section 8.1), after the trailers,
   * which node sends in a `setImmediate` of its own.
   */
  #complete(): void {
    this.#isComplete = true
    if (!this.#stream.readableEnded) setImmediate(stopReceiving, this.#stream)
  }
}

function stopReceiving(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return
  stream.close()
  // The stream is only done with when what it holds has been read.
  stream.resume()
}

function toTrailers(
  status: GrpcStatus,
  metadata: Iterable<readonly [string, string]> | undefined,
): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = { 'grpc-status': String(status.code) }
  if (status.message !== '') trailers['grpc-message'] = encodeGrpcMessage(status.message)
  if (metadata !== undefined) for (const [name, value] of metadata) trailers[name] = value
  return trailers
}
