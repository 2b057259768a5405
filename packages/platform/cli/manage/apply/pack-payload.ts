import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { constants, createGzip } from 'node:zlib'
import { ServingError } from '@millrace/sdk'
import { Header, Pax } from 'tar'
import type { PayloadFile } from '../../../resources/index.ts'

const BLOCK_BYTES = 512

/**
 * A gzipped tar of these files, made while it is read. Nobody's name and no owner gets in; only whether a file may be run.
 *
 * Reading rejects FAILED_PRECONDITION for a file that has become shorter, and with the system's error for one that cannot
 * be read.
 *
 * @param onRead is told the bytes of the files that have been read so far
 */
export function packPayload(
  files: readonly PayloadFile[],
  onRead: (readBytes: number) => void = () => {},
): AsyncIterable<Uint8Array> {
  // Weights hardly become smaller, and take long to try.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  // Whoever reads the end of the pipeline gets the error of its beginning.
  return pipeline(tarChunks(files, onRead), gzip, () => {})
}

async function* tarChunks(
  files: readonly PayloadFile[],
  onRead: (readBytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let readBytes = 0
  for (const { path, file, isExecutable } of files) {
    await using handle = await open(file)
    const { size, mtime } = await handle.stat()
    const mode = isExecutable ? 0o755 : 0o644
    const entry = {
      path,
      mode,
      size,
      mtime: new Date(Math.floor(mtime.getTime() / 1000) * 1000),
      uid: 0,
      gid: 0,
    }
    const header = new Header({ ...entry, type: 'File' })
    // Long names and files beyond 8 GiB do not fit into a header of the old form.
    if (header.encode()) yield new Pax(entry).encode()
    yield header.block!
    let left = size
    if (size > 0) {
      for await (const chunk of handle.createReadStream({
        end: size - 1,
        autoClose: false,
      }) as AsyncIterable<Buffer>) {
        yield chunk
        left -= chunk.length
        readBytes += chunk.length
        onRead(readBytes)
      }
    }
    if (left > 0) throw new ServingError('FAILED_PRECONDITION', `${file} became shorter while it was read`)
    yield Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES)
  }
  // An archive of nothing at all looks broken to many a reader.
  if (files.length === 0) yield folderHeader()
  yield Buffer.alloc(2 * BLOCK_BYTES)
}

function folderHeader(): Uint8Array {
  const header = new Header({
    path: './',
    type: 'Directory',
    mode: 0o755,
    size: 0,
    mtime: new Date(0),
    uid: 0,
    gid: 0,
  })
  header.encode()
  return header.block!
}
