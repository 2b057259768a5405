import { gunzipSync, inflateSync } from 'node:zlib'

/**
 * Where the frames of a call break the transport's rules. In these cases, and in no other, gRPC's own
 * implementations answer INTERNAL, which otherwise means a defect of the server:
 *
 * - flags that are neither 0 nor 1;
 * - a message marked as compressed in a call that names no compression;
 * - a message marked as compressed that cannot be decompressed;
 * - a call that ends in the middle of a message.
 */
export function framingFault(bytes: Buffer, encoding: string | undefined): string | undefined {
  for (let position = 0; position < bytes.length; ) {
    if (bytes.length - position < 5) return 'ends inside a prefix'
    const flags = bytes.readUInt8(position)
    const start = position + 5
    const end = start + bytes.readUInt32BE(position + 1)
    if (flags > 1) return `flags ${flags}`
    if (end > bytes.length) return 'ends inside a message'
    if (flags === 1) {
      const fault = compressionFault(bytes.subarray(start, end), encoding)
      if (fault !== undefined) return fault
    }
    position = end
  }
  return undefined
}

function compressionFault(message: Buffer, encoding: string | undefined): string | undefined {
  if (encoding === undefined || encoding === 'identity') return 'compressed without an encoding'
  try {
    if (encoding === 'gzip') gunzipSync(message)
    else if (encoding === 'deflate') inflateSync(message)
    return undefined
  } catch {
    return `not ${encoding}`
  }
}
