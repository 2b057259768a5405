import {
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
  type Inflate,
  type InflateRaw,
} from 'node:zlib'
import { listenerErrors } from './listener-errors.ts'

export type Compression = 'gzip' | 'deflate'

export type Inflater = Gunzip | Inflate | InflateRaw

/**
 * How a request body is compressed, or `undefined` when it is not.
 * @throws ServingError UNIMPLEMENTED (415) for anything but `gzip`, `deflate` and `identity`
 */
export function parseContentEncoding(header: string | undefined): Compression | undefined {
  if (header === undefined) return undefined
  const encoding = header.trim().toLowerCase()
  switch (encoding) {
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip': // RFC 9110 section 8.4.1.3 makes them equal.
      return 'gzip'
    case 'deflate':
      return 'deflate'
    default:
      throw listenerErrors.contentEncodingUnknown(header)
  }
}

const GUNZIP_OPTIONS = { chunkSize: 64 * 1024 } as const

// A gzip body may have several members (RFC 1952 section 2.2), so gunzip looks at what follows by itself.
const INFLATE_OPTIONS = { ...GUNZIP_OPTIONS, rejectGarbageAfterEnd: true } as const

/** A stream that decompresses a body which begins with `firstChunk`. */
export function createInflater(compression: Compression, firstChunk: Uint8Array): Inflater {
  if (compression === 'gzip') return createGunzip(GUNZIP_OPTIONS)
  // `deflate` means the zlib format (RFC 9110 section 8.4.1.2), but some clients leave its header out.
  // A zlib header's low nibble is 8; a raw stream would begin so only with a stored block whose padding is not zero.
  return ((firstChunk[0] ?? 0) & 0x0f) === 8
    ? createInflate(INFLATE_OPTIONS)
    : createInflateRaw(INFLATE_OPTIONS)
}
