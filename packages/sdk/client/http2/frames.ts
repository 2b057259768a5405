/** RFC 9113, sections 4 and 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

export const FRAME_HEADER_BYTES = 9
/** What any side takes before it has said otherwise. */
export const DEFAULT_WINDOW_BYTES = 65_535
export const DEFAULT_MAX_FRAME_BYTES = 16_384
export const MAX_WINDOW_BYTES = 2 ** 31 - 1

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Writes a frame's header into memory that has room for it. */
export function writeFrameHeader(
  bytes: Buffer,
  offset: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[offset] = length >>> 16
  bytes[offset + 1] = length >>> 8
  bytes[offset + 2] = length
  bytes[offset + 3] = type
  bytes[offset + 4] = flags
  bytes.writeUInt32BE(streamId, offset + 5)
}

export function controlFrame(
  type: number,
  flags: number,
  streamId: number,
  payload: readonly number[],
): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + 4 * payload.length)
  writeFrameHeader(bytes, 0, 4 * payload.length, type, flags, streamId)
  for (const [index, word] of payload.entries()) bytes.writeUInt32BE(word, FRAME_HEADER_BYTES + 4 * index)
  return bytes
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEADER_BYTES + 6 * settings.length)
  writeFrameHeader(bytes, 0, 6 * settings.length, FRAME.settings, 0, 0)
  for (const [index, [id, value]] of settings.entries()) {
    bytes.writeUInt16BE(id, FRAME_HEADER_BYTES + 6 * index)
    bytes.writeUInt32BE(value, FRAME_HEADER_BYTES + 6 * index + 2)
  }
  return bytes
}
