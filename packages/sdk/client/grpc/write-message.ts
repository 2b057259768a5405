import type { Writable } from 'node:stream'
import { ServingError } from '../../errors/index.ts'

/** One byte of flags and four of length before the message. */
const PREFIX_BYTES = 5
/** Up to here one copy is cheaper than the bookkeeping of several pieces. One HTTP/2 frame's worth. */
const MAX_JOINED_BYTES = 16_384
/** What the prefix can say. */
const MAX_MESSAGE_BYTES = 2 ** 32 - 1

/** @throws ServingError INVALID_ARGUMENT for more than gRPC can carry */
export function messageSizeBytes(pieces: readonly Uint8Array[]): number {
  let sizeBytes = 0
  for (const piece of pieces) sizeBytes += piece.byteLength
  if (sizeBytes <= MAX_MESSAGE_BYTES) return sizeBytes
  const text = `the message has ${sizeBytes} bytes; gRPC carries up to ${MAX_MESSAGE_BYTES}`
  throw new ServingError('INVALID_ARGUMENT', text)
}

/**
 * Sends the one message of a call and ends the stream. Larger ones are not copied, so that their memory must not change
 * until the stream has finished.
 */
export function endWithMessage(stream: Writable, pieces: readonly Uint8Array[], sizeBytes: number): void {
  const isJoined = sizeBytes <= MAX_JOINED_BYTES
  const frame = Buffer.allocUnsafe(isJoined ? PREFIX_BYTES + sizeBytes : PREFIX_BYTES)
  frame[0] = 0
  frame.writeUInt32BE(sizeBytes, 1)
  if (isJoined) {
    let offset = PREFIX_BYTES
    for (const piece of pieces) {
      frame.set(piece, offset)
      offset += piece.byteLength
    }
    stream.end(frame)
    return
  }
  // Corked, so that all pieces reach the session together.
  stream.cork()
  stream.write(frame)
  for (const piece of pieces) if (piece.byteLength > 0) stream.write(piece)
  stream.end()
}
