import { ServingError } from '../../errors/index.ts'

/** One byte of flags and four of length before the message. */
export const PREFIX_BYTES = 5
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

/** The message behind its prefix, in pieces. */
export function prefixed(pieces: readonly Uint8Array[], sizeBytes: number): readonly Uint8Array[] {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix[0] = 0
  prefix.writeUInt32BE(sizeBytes, 1)
  return [prefix, ...pieces]
}
