import { deserialize, serialize } from 'node:v8'

/*
 * A message between two processes of this machine:
 *
 *     prefix, 16 bytes   magic (4), size of the head (4), size of all blocks with padding (8, a double)
 *     head               [message, sizes of the blocks] as `v8.serialize` writes it, padded to 8 bytes
 *     blocks             one after the other, each padded to 8 bytes
 *
 * Everything lies at a multiple of 8, so that the blocks can be read as any datatype where they are.
 */
const MAGIC = 0x4d_52_57_31
const PREFIX_BYTES = 16
/** Heads describe tensors and carry parameters; contents are in blocks. */
const MAX_HEAD_BYTES = 256 * 1024 * 1024
const MAX_BLOCKS_BYTES = 64 * 1024 ** 3
const PADDING = new Uint8Array(8)

type Head = readonly [message: unknown, sizes: readonly number[]]

/** The pieces of a frame in order. Blocks are in it as they are, not copied. */
export function writeFrame(message: object, blocks: readonly Uint8Array[]): Uint8Array[] {
  const head = serialize([message, blocks.map(block => block.length)] satisfies Head)
  const prefix = new DataView(new ArrayBuffer(PREFIX_BYTES))
  const pieces: Uint8Array[] = [new Uint8Array(prefix.buffer), head, ...paddingOf(head.length)]
  let blocksBytes = 0
  for (const block of blocks) {
    pieces.push(block, ...paddingOf(block.length))
    blocksBytes += padded(block.length)
  }
  prefix.setUint32(0, MAGIC)
  prefix.setUint32(4, head.length)
  prefix.setFloat64(8, blocksBytes)
  return pieces
}

/** Puts frames together from whatever pieces a socket gives. */
export class FrameReader {
  readonly #onFrame: (message: unknown, blocks: readonly Uint8Array<ArrayBuffer>[]) => void
  readonly #prefix = new Uint8Array(PREFIX_BYTES)
  #prefixBytes = 0
  #headBytes = 0
  /** The frame that is being read, without its prefix; of exact size, so that nothing else keeps it alive. */
  #frame: Uint8Array<ArrayBuffer> | null = null
  #frameBytes = 0

  constructor(onFrame: (message: unknown, blocks: readonly Uint8Array<ArrayBuffer>[]) => void) {
    this.#onFrame = onFrame
  }

  /** @throws Error for bytes that are no frame; nothing after them can be read */
  read(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#frame === null) {
        const piece = chunk.subarray(offset, offset + PREFIX_BYTES - this.#prefixBytes)
        this.#prefix.set(piece, this.#prefixBytes)
        this.#prefixBytes += piece.length
        offset += piece.length
        if (this.#prefixBytes === PREFIX_BYTES) this.#begin()
        continue
      }
      const piece = chunk.subarray(offset, offset + this.#frame.length - this.#frameBytes)
      this.#frame.set(piece, this.#frameBytes)
      this.#frameBytes += piece.length
      offset += piece.length
      if (this.#frameBytes === this.#frame.length) this.#finish(this.#frame)
    }
  }

  #begin(): void {
    const view = new DataView(this.#prefix.buffer)
    this.#headBytes = view.getUint32(4)
    const blocksBytes = view.getFloat64(8)
    const isSane = blocksBytes >= 0 && blocksBytes <= MAX_BLOCKS_BYTES && this.#headBytes <= MAX_HEAD_BYTES
    if (view.getUint32(0) !== MAGIC || !isSane) throw new Error('what came from the other side is no message')
    this.#frame = uninitialised(padded(this.#headBytes) + blocksBytes)
    this.#frameBytes = 0
  }

  #finish(frame: Uint8Array<ArrayBuffer>): void {
    this.#frame = null
    this.#prefixBytes = 0
    const [message, sizes] = deserialize(frame.subarray(0, this.#headBytes)) as Head
    let offset = padded(this.#headBytes)
    const blocks = sizes.map(size => {
      const block = frame.subarray(offset, offset + size)
      offset += padded(size)
      return block
    })
    this.#onFrame(message, blocks)
  }
}

/** Memory that is about to be filled; nobody else has it, and it may be transferred. */
export function uninitialised(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(sizeBytes)
  return new Uint8Array(buffer, byteOffset, sizeBytes)
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / 8) * 8
}

function paddingOf(sizeBytes: number): Uint8Array[] {
  const missing = padded(sizeBytes) - sizeBytes
  return missing === 0 ? [] : [PADDING.subarray(0, missing)]
}
