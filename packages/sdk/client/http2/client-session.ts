import type { Socket } from 'node:net'
import { BodySender } from './body-sender.ts'
import { ClientStream, type StreamListener, type StreamRequest } from './client-stream.ts'
import { FrameReader } from './frame-reader.ts'
import {
  controlFrame,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  MAX_WINDOW_BYTES,
  PREFACE,
  SETTING,
  settingsFrame,
  writeFrameHeader,
} from './frames.ts'
import { HeaderBlocks } from './header-blocks.ts'
import { HeaderDecoder, type HeaderFields } from './header-decoder.ts'
import { HeaderEncoder } from './header-encoder.ts'
import { HTTP2_CODE, Http2Error, protocolError } from './http2-error.ts'
import { OutputQueue } from './output-queue.ts'

const MIB = 1_048_576

/** Bytes that a server may send of one answer before it must wait for us; HTTP/2's 64 KiB would stop a tensor often. */
const STREAM_WINDOW_BYTES = 16 * MIB
/** The same for all answers of a connection together. */
const CONNECTION_WINDOW_BYTES = 64 * MIB
/** Fewer frame headers per tensor. No larger, or small answers queue behind it. */
const MAX_FRAME_BYTES = MIB / 4
/** Fields of a header block, and of trailers. */
const HEADER_LIMITS = { maxFields: 128, maxBytes: 65_536 }
/** Answers to what the server asks for, such as pings, as long as it does not read them. */
const MAX_UNREAD_BYTES = 2 * MIB

export interface SessionListener {
  /** The server has shown that it speaks HTTP/2. Called once. */
  readonly onReady: () => void
  /** The server will look at no stream beyond this one. */
  readonly onGoaway: (lastStreamId: number) => void
  /** Called once, before the streams that end with it are told. */
  readonly onClose: (error: Error | undefined) => void
}

/**
 * The client's side of an HTTP/2 connection (RFC 9113) with what gRPC needs of it: requests with a body, answers with
 * trailers. It takes a connected socket over. What is asked for in one turn of the event loop leaves in one write.
 */
export class ClientSession {
  readonly #socket: Socket
  readonly #listener: SessionListener
  readonly #reader: FrameReader
  readonly #blocks = new HeaderBlocks((streamId, block, isEnd) => this.#onHeaders(streamId, block, isEnd))
  readonly #decoder = new HeaderDecoder(HEADER_LIMITS)
  readonly #encoder = new HeaderEncoder()
  readonly #output: OutputQueue
  readonly #sender: BodySender
  readonly #streams = new Map<number, ClientStream>()
  /** Beyond what the server takes at a time. */
  readonly #waiting = new Set<ClientStream>()
  readonly #pings: (() => void)[] = []
  #nextId = 1
  #maxStreams = Number.POSITIVE_INFINITY
  #initialWindowBytes = DEFAULT_WINDOW_BYTES
  /** What the server has sent on all streams and has not been allowed anew. */
  #receivedBytes = 0
  #isReady = false
  #isClosing = false
  #isDestroyed = false
  #error: Error | undefined

  constructor(socket: Socket, listener: SessionListener) {
    this.#socket = socket
    this.#listener = listener
    this.#output = new OutputQueue(socket, () => this.#sender.send())
    this.#sender = new BodySender(this.#output)
    this.#reader = new FrameReader(MAX_FRAME_BYTES, {
      onData: (streamId, bytes) => this.#onData(streamId, bytes),
      onDataEnd: (streamId, frameBytes, isEnd) => this.#onDataEnd(streamId, frameBytes, isEnd),
      onFrame: (type, flags, streamId, payload) => this.#onFrame(type, flags, streamId, payload),
    })
    socket.on('data', chunk => this.#onChunk(chunk))
    socket.on('error', error => {
      this.#error ??= error
    })
    socket.on('end', () => this.destroy(this.#isReady ? undefined : new Error(ENDED_EARLY)))
    socket.on('close', () => this.#onSocketClose())
    const window = CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES
    this.#output.push(PREFACE)
    this.#output.push(
      settingsFrame([
        [SETTING.enablePush, 0],
        [SETTING.initialWindowSize, STREAM_WINDOW_BYTES],
        [SETTING.maxFrameSize, MAX_FRAME_BYTES],
        [SETTING.maxHeaderListSize, HEADER_LIMITS.maxBytes],
      ]),
    )
    this.#output.push(controlFrame(FRAME.windowUpdate, 0, 0, [window]))
    this.#output.flush()
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  /** False when it takes no more requests. */
  get isUsable(): boolean {
    return !this.#isDestroyed && !this.#isClosing
  }

  /** Number of the latest stream; 0 before the first. */
  get lastStreamId(): number {
    return this.#nextId - 2 < 0 ? 0 : this.#nextId - 2
  }

  /** Whether it keeps the process from ending. */
  ref(): void {
    this.#socket.ref()
  }

  unref(): void {
    this.#socket.unref()
  }

  /** To be called while the session is usable. */
  open(request: StreamRequest, listener: StreamListener): ClientStream {
    const stream = new ClientStream(request, listener)
    if (this.#streams.size < this.#maxStreams && this.#waiting.size === 0) this.#start(stream)
    else this.#waiting.add(stream)
    return stream
  }

  /** Ends a stream without a word to its listener. Does nothing for one that is over. */
  reset(stream: ClientStream, code: number): void {
    if (!stream.isOpen) return
    if (stream.id !== 0) this.#output.push(controlFrame(FRAME.resetStream, 0, stream.id, [code]))
    this.#forget(stream, code)
  }

  /** Calls back when the server has answered; not at all when it does not. */
  ping(onAnswer: () => void): void {
    if (this.#isDestroyed) return
    this.#pings.push(onAnswer)
    this.#output.push(controlFrame(FRAME.ping, 0, 0, [0, 0]))
  }

  /** Takes no more requests, and ends when those that run have ended. Idempotent. */
  close(): void {
    if (!this.isUsable) return
    this.#isClosing = true
    this.#endIfIdle()
  }

  /** Ends at once, its streams with it. Idempotent. */
  destroy(error?: Error): void {
    this.#error ??= error
    this.#isClosing = true
    this.#socket.destroy()
  }

  #start(stream: ClientStream): void {
    stream.id = this.#nextId
    this.#nextId += 2
    stream.sendWindowBytes = this.#initialWindowBytes
    this.#streams.set(stream.id, stream)
    const { fixed, varying, sizeBytes } = stream.request
    const block = this.#encoder.encode(fixed, varying)
    const isWhole = block.length <= DEFAULT_MAX_FRAME_BYTES
    if (isWhole && this.#sender.takesAtOnce(stream)) {
      const bytes = Buffer.allocUnsafe(2 * FRAME_HEADER_BYTES + block.length + sizeBytes)
      this.#sender.writeAtOnce(stream, bytes, writeHeaders(bytes, block, stream.id))
      this.#output.push(bytes)
      return
    }
    for (const frame of headerFrames(block, stream.id)) this.#output.push(frame)
    this.#sender.add(stream)
  }

  #onChunk(chunk: Buffer): void {
    if (this.#isDestroyed) return
    try {
      this.#reader.read(chunk)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Tells the server what it did wrong, and ends. */
  #fail(error: unknown): void {
    const code = error instanceof Http2Error ? error.code : HTTP2_CODE.internalError
    this.#output.push(controlFrame(FRAME.goaway, 0, 0, [0, code]))
    this.#output.flush()
    this.destroy(error instanceof Error ? error : new Error(String(error)))
  }

  #onSocketClose(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#isClosing = true
    this.#output.close()
    const left = [...this.#streams.values(), ...this.#waiting]
    this.#streams.clear()
    this.#waiting.clear()
    this.#listener.onClose(this.#error ?? (this.#isReady ? undefined : new Error(ENDED_EARLY)))
    for (const stream of left) {
      stream.isOpen = false
      stream.listener.onClosed()
    }
  }

  #onData(streamId: number, bytes: Buffer): void {
    this.#checkData(streamId)
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (!stream.hasResponse) throw protocolError('an answer that begins with its body')
    stream.listener.onData(bytes)
  }

  #onDataEnd(streamId: number, frameBytes: number, isEndOfStream: boolean): void {
    this.#checkData(streamId)
    this.#receivedBytes += frameBytes
    if (this.#receivedBytes > CONNECTION_WINDOW_BYTES / 2) {
      this.#output.push(controlFrame(FRAME.windowUpdate, 0, 0, [this.#receivedBytes]))
      this.#receivedBytes = 0
    }
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (isEndOfStream) {
      this.#end(stream)
      return
    }
    stream.receivedBytes += frameBytes
    if (stream.receivedBytes > STREAM_WINDOW_BYTES / 2) {
      this.#output.push(controlFrame(FRAME.windowUpdate, 0, streamId, [stream.receivedBytes]))
      stream.receivedBytes = 0
    }
  }

  #onFrame(type: number, flags: number, streamId: number, payload: Buffer): void {
    if (!this.#isReady && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) {
      throw protocolError('the server does not speak HTTP/2')
    }
    this.#blocks.check(type, streamId)
    switch (type) {
      case FRAME.headers:
        this.#checkOpened(streamId)
        this.#blocks.begin(streamId, flags, payload)
        break
      case FRAME.continuation:
        this.#blocks.goOn(flags, payload)
        break
      case FRAME.resetStream:
        this.#checkOpened(streamId)
        this.#onReset(streamId, word(payload, 0, 4))
        break
      case FRAME.settings:
        this.#onSettings(flags, streamId, payload)
        break
      case FRAME.ping:
        this.#onPing(flags, payload)
        break
      case FRAME.goaway:
        this.#onGoaway(word(payload, 0, 8) & MAX_WINDOW_BYTES)
        break
      case FRAME.windowUpdate:
        this.#onWindowUpdate(streamId, word(payload, 0, 4) & MAX_WINDOW_BYTES)
        break
      case FRAME.pushPromise:
        throw protocolError('a push, which was not allowed')
      default:
      // Others are to be ignored (section 4.1).
    }
  }

  #onHeaders(streamId: number, block: Uint8Array, isEndOfStream: boolean): void {
    // Also those of streams that are over: later ones stand on them.
    const fields: HeaderFields | null = this.#decoder.decode(block)
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (fields === null) {
      this.#output.push(controlFrame(FRAME.resetStream, 0, streamId, [HTTP2_CODE.enhanceYourCalm]))
      this.#forget(stream, HTTP2_CODE.enhanceYourCalm)
      stream.listener.onClosed()
      return
    }
    if (stream.hasResponse) stream.listener.onTrailers(fields)
    else if (isEndOfStream || fields.get(':status')?.startsWith('1') !== true) {
      stream.hasResponse = true
      stream.listener.onResponse(fields)
    }
    if (isEndOfStream && stream.isOpen) this.#end(stream)
  }

  #onReset(streamId: number, code: number): void {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    this.#forget(stream, code)
    stream.listener.onClosed()
  }

  /** The answer is there. What has not left of the request is not wanted any more. */
  #end(stream: ClientStream): void {
    if (!stream.isSent) {
      this.#output.push(controlFrame(FRAME.resetStream, 0, stream.id, [HTTP2_CODE.cancel]))
    }
    this.#forget(stream, HTTP2_CODE.noError)
    stream.listener.onClosed()
  }

  #forget(stream: ClientStream, code: number): void {
    stream.isOpen = false
    stream.resetCode = code
    this.#streams.delete(stream.id)
    this.#waiting.delete(stream)
    this.#sender.delete(stream)
    if (this.#waiting.size > 0) this.#startWaiting()
    if (this.#isClosing) this.#endIfIdle()
  }

  #startWaiting(): void {
    for (const stream of this.#waiting) {
      if (this.#streams.size >= this.#maxStreams) return
      this.#waiting.delete(stream)
      this.#start(stream)
    }
  }

  #endIfIdle(): void {
    if (this.#streams.size > 0 || this.#waiting.size > 0 || this.#socket.destroyed) return
    this.#output.push(controlFrame(FRAME.goaway, 0, 0, [0, HTTP2_CODE.noError]))
    this.#output.flush()
    this.#socket.destroySoon()
  }

  #onSettings(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw protocolError('settings for a stream')
    if ((flags & FLAG.ack) !== 0) return
    if (payload.length % 6 !== 0) throw new Http2Error(HTTP2_CODE.frameSizeError, 'settings that are cut off')
    for (let offset = 0; offset < payload.length; offset += 6) {
      this.#onSetting(payload.readUInt16BE(offset), payload.readUInt32BE(offset + 2))
    }
    this.#answer(controlFrame(FRAME.settings, FLAG.ack, 0, []))
    if (this.#isReady) {
      this.#startWaiting()
      return
    }
    this.#isReady = true
    this.#listener.onReady()
  }

  #onSetting(id: number, value: number): void {
    if (id === SETTING.maxConcurrentStreams) this.#maxStreams = value
    else if (id === SETTING.headerTableSize) this.#encoder.limitTable(value)
    else if (id === SETTING.maxFrameSize) {
      if (value < DEFAULT_MAX_FRAME_BYTES || value > 0xff_ff_ff)
        throw protocolError(`frames of ${value} bytes`)
      this.#sender.maxFrameBytes = Math.min(value, MAX_FRAME_BYTES)
    } else if (id === SETTING.initialWindowSize) {
      if (value > MAX_WINDOW_BYTES)
        throw new Http2Error(HTTP2_CODE.flowControlError, `a window of ${value} bytes`)
      const difference = value - this.#initialWindowBytes
      this.#initialWindowBytes = value
      for (const stream of this.#streams.values()) stream.sendWindowBytes += difference
      this.#output.schedule()
    }
  }

  #onPing(flags: number, payload: Buffer): void {
    if ((flags & FLAG.ack) === 0) {
      this.#answer(controlFrame(FRAME.ping, FLAG.ack, 0, [word(payload, 0, 8), word(payload, 4, 8)]))
    } else this.#pings.shift()?.()
  }

  #onGoaway(lastStreamId: number): void {
    this.#isClosing = true
    this.#listener.onGoaway(lastStreamId)
    const unseen = [...this.#streams.values()].filter(({ id }) => id > lastStreamId)
    for (const stream of [...unseen, ...this.#waiting]) {
      this.#forget(stream, HTTP2_CODE.refusedStream)
      stream.listener.onClosed()
    }
    this.#endIfIdle()
  }

  #onWindowUpdate(streamId: number, addedBytes: number): void {
    if (streamId === 0) this.#sender.windowBytes += addedBytes
    else {
      this.#checkOpened(streamId)
      const stream = this.#streams.get(streamId)
      if (stream !== undefined) stream.sendWindowBytes += addedBytes
      if (stream !== undefined && stream.sendWindowBytes > MAX_WINDOW_BYTES) throw tooMuch()
    }
    if (this.#sender.windowBytes > MAX_WINDOW_BYTES) throw tooMuch()
    this.#output.schedule()
  }

  /** Sends what the server has caused. */
  #answer(frame: Buffer): void {
    if (this.#socket.writableLength + this.#output.sizeBytes > MAX_UNREAD_BYTES && !this.#sender.isSending) {
      throw new Http2Error(HTTP2_CODE.enhanceYourCalm, 'the server asks for more than it reads')
    }
    this.#output.push(frame)
  }

  #checkData(streamId: number): void {
    this.#blocks.check(FRAME.data, streamId)
    this.#checkOpened(streamId)
  }

  #checkOpened(streamId: number): void {
    if (streamId !== 0 && streamId % 2 === 1 && streamId < this.#nextId) return
    throw protocolError(`a frame for stream ${streamId}, which nobody has opened`)
  }
}

const ENDED_EARLY = 'the server closed the connection before it spoke HTTP/2'

function tooMuch(): Http2Error {
  return new Http2Error(HTTP2_CODE.flowControlError, 'a window beyond what there may be')
}

/** A number of a payload that must be at least as long. */
function word(payload: Buffer, offset: number, leastBytes: number): number {
  if (payload.length < leastBytes) {
    throw new Http2Error(
      HTTP2_CODE.frameSizeError,
      `a frame of ${payload.length} bytes; it takes ${leastBytes}`,
    )
  }
  return payload.readUInt32BE(offset)
}

/** @returns where it ends */
function writeHeaders(bytes: Buffer, block: Buffer, streamId: number): number {
  writeFrameHeader(bytes, 0, block.length, FRAME.headers, FLAG.endHeaders, streamId)
  block.copy(bytes, FRAME_HEADER_BYTES)
  return FRAME_HEADER_BYTES + block.length
}

function headerFrames(block: Buffer, streamId: number): Buffer[] {
  const frames: Buffer[] = []
  let offset = 0
  do {
    const part = block.subarray(offset, offset + DEFAULT_MAX_FRAME_BYTES)
    const type = offset === 0 ? FRAME.headers : FRAME.continuation
    offset += part.length
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + part.length)
    writeFrameHeader(frame, 0, part.length, type, offset === block.length ? FLAG.endHeaders : 0, streamId)
    part.copy(frame, FRAME_HEADER_BYTES)
    frames.push(frame)
  } while (offset < block.length)
  return frames
}
