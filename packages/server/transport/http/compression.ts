import { Buffer } from 'node:buffer'
import { promisify } from 'node:util'
import { constants, deflate, gzip } from 'node:zlib'
import type { Compression } from './content-encoding.ts'

/** Below this the headers weigh more than what is saved. */
export const MIN_COMPRESSED_BYTES = 500

// The fastest level: measured on JSON of tensors, 3 to 6 per cent larger than the default level's, in a fraction of its time.
const OPTIONS = { level: constants.Z_BEST_SPEED } as const

const compressors = { gzip: promisify(gzip), deflate: promisify(deflate) } as const

/** Compresses all pieces together, in the thread pool. */
export async function compress(
  pieces: readonly Uint8Array[],
  compression: Compression,
): Promise<readonly Uint8Array[]> {
  const [only] = pieces
  const joined = only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces)
  return [await compressors[compression](joined, OPTIONS)]
}
