import { connect, type Socket } from 'node:net'
import { FLAG, FRAME, type Frame, FrameReader, frameHeader } from './frame-reader.ts'
import { type RequestBlocks, requestBlocks } from './hpack-request.ts'
import { type LoadListener, microseconds, READ_BUFFER } from './load-run.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const SETTING = { headerTableSize: 1, initialWindowSize: 4 } as const
/** What both sides start with (RFC 9113, sections 6.5.2 and 6.9.2). */
const DEFAULT_WINDOW_BYTES = 65_535
const DEFAULT_HEADER_TABLE_BYTES = 4096
/** Half of what the protocol allows, so that adding to it never overflows: the server shall never wait for us. */
const OUR_WINDOW_BYTES = 2 ** 30
/** As large as every server takes without being asked, and as most clients send. */
const MAX_DATA_BYTES = 16_384

export interface GrpcExchangeBytes {
  /** `/package.Service/Method`. */
  readonly path: string
  /** The request message behind its five-byte prefix. */
  readonly body: Buffer
  /** How long the body of every answer is, prefix included. */
  readonly responseBodyBytes: number
}

interface Stream {
  readonly id: number
  readonly startedAtUs: number
  sentBytes: number
  windowBytes: number
  receivedBytes: number
}

/**
 * One HTTP/2 connection that sends the same unary call again and again, so many at a time. It speaks
 * the frames itself and looks at an answer's length only: `node:http2` would cost the client more than
 * most servers, and then the client would be what is measured. A call that fails has no message, so its
 * length tells; what the message says has been checked before.
 */
export class GrpcConnection {
  readonly #exchange: GrpcExchangeBytes
  readonly #blocks: RequestBlocks
  readonly #streamCount: number
  readonly #listener: LoadListener
  readonly #socket: Socket
  readonly #frames = new FrameReader(frame => this.#onFrame(frame))
  readonly #streams = new Map<number, Stream>()
  #nextStreamId = 1
  #initialWindowBytes = DEFAULT_WINDOW_BYTES
  #windowBytes = DEFAULT_WINDOW_BYTES
  /** What the server has sent since we last gave its window back. */
  #unacknowledgedBytes = 0
  #isClosed = false

  constructor(port: number, streamCount: number, exchange: GrpcExchangeBytes, listener: LoadListener) {
    this.#exchange = exchange
    this.#streamCount = streamCount
    this.#listener = listener
    this.#blocks = requestBlocks([
      { kind: 'static', index: 3 }, // :method POST
      { kind: 'static', index: 6 }, // :scheme http
      { kind: 'named', nameIndex: 4, value: exchange.path }, // :path
      { kind: 'named', nameIndex: 1, value: `127.0.0.1:${port}` }, // :authority
      { kind: 'new', name: 'te', value: 'trailers' },
      { kind: 'named', nameIndex: 31, value: 'application/grpc' }, // content-type
      { kind: 'named', nameIndex: 58, value: 'millrace-bench' }, // user-agent
    ])
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (length, buffer) => {
          // All that one read makes us say goes out in one write.
          this.#socket.cork()
          this.#frames.push(buffer as Buffer, length)
          this.#socket.uncork()
          return true
        },
      },
    })
    this.#socket.on('connect', () => this.#greet())
    this.#socket.on('error', error => this.#fail(error.message))
    this.#socket.on('close', () => this.#fail('the server closed the connection'))
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #greet(): void {
    const setting = Buffer.alloc(6)
    setting.writeUInt16BE(SETTING.initialWindowSize, 0)
    setting.writeUInt32BE(OUR_WINDOW_BYTES, 2)
    this.#socket.write(Buffer.concat([Buffer.from(PREFACE), frameHeader(6, FRAME.settings, 0, 0), setting]))
    this.#giveWindow(OUR_WINDOW_BYTES - DEFAULT_WINDOW_BYTES)
  }

  #onFrame(frame: Frame): void {
    if (this.#isClosed) return
    switch (frame.type) {
      case FRAME.data:
      case FRAME.headers:
        return this.#onAnswerFrame(frame)
      case FRAME.settings:
        if ((frame.flags & FLAG.ack) === 0) this.#onSettings(frame.payload)
        return
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(frame.streamId, frame.payload.readUInt32BE(0))
      case FRAME.ping:
        if ((frame.flags & FLAG.ack) === 0) {
          this.#socket.write(Buffer.concat([frameHeader(8, FRAME.ping, FLAG.ack, 0), frame.payload]))
        }
        return
      case FRAME.resetStream:
        return this.#fail(`the server reset a call with code ${frame.payload.readUInt32BE(0)}`)
      case FRAME.goAway:
        return this.#fail(`the server ended the connection with code ${frame.payload.readUInt32BE(4)}`)
    }
  }

  #onAnswerFrame({ type, flags, streamId, lengthBytes }: Frame): void {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return this.#fail(`the server answered stream ${streamId}, which is not open`)
    if (type === FRAME.data) {
      if ((flags & FLAG.padded) !== 0)
        return this.#fail('the server pads its messages, so their length says nothing')
      stream.receivedBytes += lengthBytes
      this.#unacknowledgedBytes += lengthBytes
      if (this.#unacknowledgedBytes > OUR_WINDOW_BYTES / 2) this.#giveWindow(this.#unacknowledgedBytes)
    }
    if ((flags & FLAG.endStream) === 0) return
    if (stream.receivedBytes !== this.#exchange.responseBodyBytes) {
      const expected = this.#exchange.responseBodyBytes
      return this.#fail(`an answer has ${stream.receivedBytes} bytes; expected were ${expected}`)
    }
    this.#listener.onAnswer(microseconds() - stream.startedAtUs)
    this.#streams.delete(streamId)
    this.#startStream()
  }

  #giveWindow(sizeBytes: number): void {
    const update = Buffer.concat([frameHeader(4, FRAME.windowUpdate, 0, 0), Buffer.alloc(4)])
    update.writeUInt32BE(sizeBytes, 9)
    this.#socket.write(update)
    this.#unacknowledgedBytes = 0
  }

  #onSettings(payload: Buffer): void {
    for (let offset = 0; offset < payload.length; offset += 6) {
      const value = payload.readUInt32BE(offset + 2)
      switch (payload.readUInt16BE(offset)) {
        case SETTING.initialWindowSize:
          for (const stream of this.#streams.values()) stream.windowBytes += value - this.#initialWindowBytes
          this.#initialWindowBytes = value
          break
        case SETTING.headerTableSize:
          if (value < DEFAULT_HEADER_TABLE_BYTES)
            return this.#fail(`the server's header table has only ${value} bytes`)
      }
    }
    this.#socket.write(frameHeader(0, FRAME.settings, FLAG.ack, 0))
    // The first settings: from now on it is known what the server takes.
    if (this.#nextStreamId === 1) for (let count = 0; count < this.#streamCount; count++) this.#startStream()
    this.#sendWhatFits()
  }

  #onWindowUpdate(streamId: number, sizeBytes: number): void {
    if (streamId === 0) this.#windowBytes += sizeBytes
    const stream = this.#streams.get(streamId)
    if (stream !== undefined) stream.windowBytes += sizeBytes
    this.#sendWhatFits()
  }

  #sendWhatFits(): void {
    for (const stream of this.#streams.values()) this.#send(stream)
  }

  #startStream(): void {
    const id = this.#nextStreamId
    this.#nextStreamId += 2
    const block = id === 1 ? this.#blocks.first : this.#blocks.later
    const stream: Stream = {
      id,
      startedAtUs: microseconds(),
      sentBytes: 0,
      windowBytes: this.#initialWindowBytes,
      receivedBytes: 0,
    }
    this.#streams.set(id, stream)
    this.#socket.write(Buffer.concat([frameHeader(block.length, FRAME.headers, FLAG.endHeaders, id), block]))
    this.#send(stream)
  }

  #send(stream: Stream): void {
    const { body } = this.#exchange
    while (stream.sentBytes < body.length) {
      const left = body.length - stream.sentBytes
      const lengthBytes = Math.min(left, MAX_DATA_BYTES, stream.windowBytes, this.#windowBytes)
      if (lengthBytes <= 0) return
      const flags = lengthBytes === left ? FLAG.endStream : 0
      this.#socket.write(frameHeader(lengthBytes, FRAME.data, flags, stream.id))
      this.#socket.write(body.subarray(stream.sentBytes, stream.sentBytes + lengthBytes))
      stream.sentBytes += lengthBytes
      stream.windowBytes -= lengthBytes
      this.#windowBytes -= lengthBytes
    }
  }

  #fail(message: string): void {
    if (this.#isClosed) return
    this.close()
    this.#listener.onFailure(new Error(message))
  }
}
