/** Frame types of HTTP/2 (RFC 9113, section 6) that a gRPC server sends or gets. */
export const FRAME = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8 } as const

const FRAME_HEADER_BYTES = 9

/** Payloads of other frames than these are counted, not kept: header fields and tensors. */
const KEPT: ReadonlySet<number> = new Set([
  FRAME.resetStream,
  FRAME.settings,
  FRAME.ping,
  FRAME.goAway,
  FRAME.windowUpdate,
])

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly lengthBytes: number
  /** Empty for frames whose payload is not kept. */
  readonly payload: Buffer
}

const NOTHING = Buffer.alloc(0)

/** Cuts a connection's bytes into frames. Each is handed over once it has arrived whole. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES)
  #headerBytes = 0
  #lengthBytes = 0
  #remainingBytes = 0
  #payload: Buffer = NOTHING

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  /** Takes the first `length` bytes; keeps no view of them. */
  push(chunk: Buffer, length: number): void {
    let offset = 0
    while (offset < length) {
      if (this.#headerBytes < FRAME_HEADER_BYTES) {
        const taken = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, length - offset)
        chunk.copy(this.#header, this.#headerBytes, offset, offset + taken)
        this.#headerBytes += taken
        offset += taken
        if (this.#headerBytes < FRAME_HEADER_BYTES) return
        this.#beginPayload()
      } else {
        const taken = Math.min(this.#remainingBytes, length - offset)
        if (this.#payload !== NOTHING) {
          chunk.copy(this.#payload, this.#lengthBytes - this.#remainingBytes, offset, offset + taken)
        }
        this.#remainingBytes -= taken
        offset += taken
      }
      if (this.#remainingBytes === 0) this.#endFrame()
    }
  }

  #beginPayload(): void {
    this.#lengthBytes = this.#header.readUIntBE(0, 3)
    this.#remainingBytes = this.#lengthBytes
    const isKept = this.#lengthBytes > 0 && KEPT.has(this.#header[3]!)
    this.#payload = isKept ? Buffer.allocUnsafe(this.#lengthBytes) : NOTHING
  }

  #endFrame(): void {
    this.#headerBytes = 0
    this.#onFrame({
      type: this.#header[3]!,
      flags: this.#header[4]!,
      // The highest bit is reserved (section 4.1).
      streamId: this.#header.readUInt32BE(5) & 0x7fff_ffff,
      lengthBytes: this.#lengthBytes,
      payload: this.#payload,
    })
  }
}

export function frameHeader(lengthBytes: number, type: number, flags: number, streamId: number): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES)
  header.writeUIntBE(lengthBytes, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(streamId, 5)
  return header
}
