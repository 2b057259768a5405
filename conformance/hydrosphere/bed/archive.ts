import { gzipSync } from 'node:zlib'

const BLOCK = 512

/** A tar archive of these files, compressed, as clients upload it. */
export function archiveOf(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const blocks: Uint8Array[] = []
  for (const [path, content] of Object.entries(files)) {
    const bytes = Buffer.from(content)
    blocks.push(header(path, bytes.length), bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK))
  }
  blocks.push(Buffer.alloc(2 * BLOCK))
  return gzipSync(Buffer.concat(blocks), { level: 1 })
}

/** As POSIX.1-1988 lays it out. */
function header(path: string, sizeBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(path, 0, 100)
  block.write('0000644\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write('        0', 148)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
