import { gunzip, inflate } from 'node:zlib'
import { ServingError } from '../../errors/index.ts'
import { tooLarge } from './answer-message.ts'

/**
 * Decompresses a message into memory of its own.
 * @throws ServingError INTERNAL without an encoding, or when the bytes are not what it says; UNIMPLEMENTED for an unknown
 * one; RESOURCE_EXHAUSTED beyond `maxBytes`, of which no more is made
 */
export function inflateAnswer(
  encoding: string | undefined,
  compressed: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  if (encoding === undefined || encoding === 'identity') {
    throw new ServingError(
      'INTERNAL',
      'the message is flagged as compressed, but the answer has no grpc-encoding',
    )
  }
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw new ServingError(
      'UNIMPLEMENTED',
      `the server compresses with '${encoding.slice(0, 32)}'; allowed are identity, deflate and gzip`,
    )
  }
  return new Promise((resolve, reject) => {
    const decompress = encoding === 'gzip' ? gunzip : inflate
    // Of zero it would take no limit at all.
    decompress(compressed, { maxOutputLength: Math.max(1, maxBytes) }, (error, bytes) => {
      if (error === null && bytes.length <= maxBytes) resolve(bytes)
      else if (error === null || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        reject(tooLarge('more bytes when it is decompressed', maxBytes))
      } else {
        reject(
          new ServingError('INTERNAL', `the message cannot be decompressed as ${encoding}`, { cause: error }),
        )
      }
    })
  })
}
