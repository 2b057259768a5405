import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { ServingError } from '@millrace/sdk'
import { allocateAligned } from './aligned-buffer.ts'
import type { CallMemory } from './call-memory.ts'

/** Compressions of messages that both directions know; gRPC's `deflate` is the zlib format. */
export type MessageEncoding = 'gzip' | 'deflate'

export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip'

/** Shorter answers go out as they are: the saving would not pay for the thread that compresses. */
export const MIN_COMPRESSED_BYTES = 1024

const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip)
const deflate = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.deflate)

/** Tensors hardly shrink further with more effort, and the caller waits. */
const LEVEL = zlib.constants.Z_BEST_SPEED

export function compressMessage(encoding: MessageEncoding, message: Uint8Array): Promise<Buffer> {
  return encoding === 'gzip' ? gzip(message, { level: LEVEL }) : deflate(message, { level: LEVEL })
}

/**
 * The compression that a flagged message of this call has.
 * @throws ServingError INTERNAL without a `grpc-encoding`, UNIMPLEMENTED for an unknown one
 */
export function encodingOfFlagged(header: string | undefined): MessageEncoding {
  if (header === 'gzip' || header === 'deflate') return header
  if (header === undefined || header === 'identity') {
    throw new ServingError(
      'INTERNAL',
      'a message is flagged as compressed, but the call names no grpc-encoding',
    )
  }
  throw new ServingError(
    'UNIMPLEMENTED',
    `grpc-encoding is '${header.slice(0, 32)}'; allowed are ${ACCEPTED_ENCODINGS}`,
  )
}

export interface InflateOptions {
  readonly maxMessageBytes: number
  readonly memory: Pick<CallMemory, 'reserve'>
  readonly alignAt: ((head: Uint8Array) => number) | undefined
}

/**
 * Decompresses a message into memory of its own. Every piece is counted before the next one is
 * made: that is how a bomb ends after the first piece too many, not after the last.
 * @throws ServingError RESOURCE_EXHAUSTED over a limit, INTERNAL when the bytes are not what they
 * should be
 */
export async function inflateMessage(
  encoding: MessageEncoding,
  compressed: Uint8Array,
  options: InflateOptions,
): Promise<Buffer> {
  const inflater = encoding === 'gzip' ? zlib.createGunzip() : zlib.createInflate()
  inflater.end(compressed)
  const pieces: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const piece of inflater as AsyncIterable<Buffer>) {
      sizeBytes += piece.length
      if (sizeBytes > options.maxMessageBytes) {
        throw new ServingError(
          'RESOURCE_EXHAUSTED',
          `a message is larger than the ${options.maxMessageBytes} bytes that are allowed when it is decompressed`,
        )
      }
      options.memory.reserve(piece.length)
      pieces.push(piece)
    }
  } catch (error) {
    if (ServingError.is(error)) throw error
    throw new ServingError('INTERNAL', `a message cannot be decompressed as ${encoding}`, { cause: error })
  }
  const head = pieces[0]
  const message = allocateAligned(sizeBytes, head === undefined ? -1 : (options.alignAt?.(head) ?? -1))
  let offset = 0
  for (const piece of pieces) offset += piece.copy(message, offset)
  return message
}
