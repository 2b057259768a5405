import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { PassThrough, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { ServingError } from '@millrace/sdk'

const BLOCK_BYTES = 512
const CHUNK_BYTES = 64 * 1024
/** What surrounds the files of an archive: a header for each, long names, filling. */
const OVERHEAD_BYTES_PER_ENTRY = 8 * BLOCK_BYTES

/**
 * The bytes of a tar archive, which may be compressed by gzip, and by nothing else nor twice. The stream fails with
 * RESOURCE_EXHAUSTED when there are more of them than the limits leave room for, and INVALID_ARGUMENT for bytes that are
 * no such archive.
 */
export async function openTar(
  path: string,
  limits: { readonly unpackedBytesMax: number; readonly entriesMax: number },
): Promise<Readable> {
  const file = await open(path, 'r')
  const head = Buffer.alloc(2)
  await file.read(head, 0, 2, 0)
  const isGzip = head[0] === 0x1f && head[1] === 0x8b
  const tar = checkedBytes(limits.unpackedBytesMax + limits.entriesMax * OVERHEAD_BYTES_PER_ENTRY)
  // Its failure is the stream's, and seen by who reads.
  void pipeline(
    file.createReadStream(),
    isGzip ? createGunzip({ chunkSize: CHUNK_BYTES }) : new PassThrough(),
    tar,
  ).catch((error: unknown) => tar.destroy(toArchiveError(error)))
  return tar
}

/** What the archive is refused for, however the libraries put it. */
export function toArchiveError(error: unknown): ServingError {
  if (ServingError.is(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ServingError('INVALID_ARGUMENT', `payload is not a tar archive compressed by gzip: ${message}`, {
    cause: error,
  })
}

function checkedBytes(bytesMax: number): Transform {
  let bytes = 0
  let head = Buffer.alloc(0)
  let isChecked = false
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength
      if (bytes > bytesMax) {
        done(
          new ServingError(
            'RESOURCE_EXHAUSTED',
            `payload unpacks to more than ${bytesMax} bytes, which is the limit`,
            { httpStatus: 413 },
          ),
        )
        return
      }
      if (isChecked) {
        done(null, chunk)
        return
      }
      head = Buffer.concat([head, chunk])
      if (head.byteLength < BLOCK_BYTES) {
        done()
        return
      }
      isChecked = true
      // A library further on would unpack a second layer without counting.
      done(isTarHeader(head) ? null : noTar(), head)
    },
    flush(done) {
      done(isChecked ? null : noTar())
    },
  })
}

/** The sum of a header's bytes stands in it, its own place counted as spaces. */
function isTarHeader(block: Buffer): boolean {
  const header = block.subarray(0, BLOCK_BYTES)
  const stated = Number.parseInt(
    header
      .toString('latin1', 148, 156)
      .replace(/[\0 ].*$/s, '')
      .trim(),
    8,
  )
  let sum = 8 * 0x20
  for (let index = 0; index < BLOCK_BYTES; index++) {
    if (index < 148 || index >= 156) sum += header[index]!
  }
  // An archive without files begins with the zeros of its end.
  return sum === stated || header.every(byte => byte === 0)
}

function noTar(): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'payload is not a tar archive compressed by gzip')
}
