import type { Writable } from 'node:stream'
import type { GrpcMessage } from './grpc-types.ts'

const PREFIX_BYTES = 5

/** Up to here one copy is cheaper than the bookkeeping of several pieces. One HTTP/2 frame's worth. */
const MAX_JOINED_BYTES = 16_384

export function messageSizeBytes(message: GrpcMessage): number {
  if (ArrayBuffer.isView(message)) return message.byteLength
  let sizeBytes = 0
  for (const piece of message) sizeBytes += piece.byteLength
  return sizeBytes
}

/** Joins the pieces of a message, for whoever needs them in a row. */
export function joinMessage(message: GrpcMessage): Uint8Array {
  return ArrayBuffer.isView(message) ? message : Buffer.concat(message)
}

/**
 * Writes a message behind its prefix: small ones as one piece of memory, large ones without copying
 * them, so their memory must not change until they are sent.
 * @returns false when the client is slower than the writer: wait for `drain`
 */
export function writeMessage(
  stream: Writable,
  message: GrpcMessage,
  sizeBytes: number,
  isCompressed: boolean,
): boolean {
  if (sizeBytes <= MAX_JOINED_BYTES) {
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + sizeBytes)
    writePrefix(frame, sizeBytes, isCompressed)
    let offset = PREFIX_BYTES
    for (const piece of ArrayBuffer.isView(message) ? [message] : message) {
      frame.set(piece, offset)
      offset += piece.byteLength
    }
    return stream.write(frame)
  }
  // Corked, so that all pieces reach the session together.
  stream.cork()
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  writePrefix(prefix, sizeBytes, isCompressed)
  let isReady = stream.write(prefix)
  for (const piece of ArrayBuffer.isView(message) ? [message] : message) {
    if (piece.byteLength > 0) isReady = stream.write(piece)
  }
  stream.uncork()
  return isReady
}

function writePrefix(target: Buffer, sizeBytes: number, isCompressed: boolean): void {
  target.writeUInt8(isCompressed ? 1 : 0, 0)
  target.writeUInt32BE(sizeBytes, 1)
}
