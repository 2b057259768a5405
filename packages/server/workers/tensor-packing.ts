import { isMarkedAsUntransferable } from 'node:worker_threads'
import {
  BytesArray,
  type Datatype,
  dataBytes,
  type Parameters,
  type Shape,
  type Tensor,
  type TensorData,
  viewData,
} from '@millrace/sdk'
import { uninitialised } from './frame.ts'

/** Tensors that are smaller together travel in one piece: moving memory costs more than copying so little. */
const SMALL_BYTES = 64 * 1024
/**
 * How much of a piece of memory the tensors must use for it to be moved as a whole. The rest may be
 * somebody else's, and a tensor must not carry a body of megabytes along.
 */
const COVERED_SHARE = 7 / 8

/** A tensor as it crosses: a list, because its names would cost more than its numbers. */
export type CrossingTensor = readonly [
  name: string,
  datatype: Datatype,
  shape: Shape,
  parameters: Parameters | undefined,
  length: number,
  block: number,
  offsetBytes: number,
  sizeBytes: number,
]

export type Block = Uint8Array<ArrayBuffer>

export interface PackedTensors {
  readonly tensors: readonly CrossingTensor[]
  readonly blocks: readonly Block[]
}

/**
 * How bytes get into a message: `borrow` leaves them where they are, for a channel that writes them from
 * there; `move` moves memory that the tensors (nearly) cover and copies the rest; `copy` copies all, since
 * their owner may keep and change them; a set of buffers moves those and copies the rest.
 */
export type Packing = 'borrow' | 'move' | 'copy' | ReadonlySet<ArrayBufferLike>

/**
 * Puts the bytes of tensors into blocks.
 * @throws Error for a tensor whose memory has been moved away already
 */
export function packTensors(tensors: readonly Tensor[], packing: Packing): PackedTensors {
  const views = tensors.map(({ data }) => bytesOf(data))
  const { blocks, places } = packBytes(views, packing)
  return {
    blocks,
    tensors: tensors.map(({ name, datatype, shape, parameters, data }, index) => {
      const { block, offsetBytes } = places[index]!
      const sizeBytes = views[index]!.length
      return [name, datatype, shape, parameters, data.length, block, offsetBytes, sizeBytes]
    }),
  }
}

/** The tensors again, as views on the blocks. */
export function unpackTensors(tensors: readonly CrossingTensor[], blocks: readonly Block[]): Tensor[] {
  return tensors.map(([name, datatype, shape, parameters, length, block, offsetBytes, sizeBytes]) => {
    const bytes = sizeBytes === 0 ? NO_BYTES : blocks[block]!.subarray(offsetBytes, offsetBytes + sizeBytes)
    const data = datatype === 'BYTES' ? BytesArray.fromPacked(bytes, length) : viewData(datatype, bytes)
    // `data` has just been made for this datatype, which the compiler cannot see.
    return { name, datatype, shape, data, parameters } as Tensor
  })
}

interface Place {
  readonly block: number
  readonly offsetBytes: number
}

/** Puts byte strings into blocks; `places[i]` says where the i-th lies. What is empty lies nowhere. */
export function packBytes(
  views: readonly Uint8Array[],
  packing: Packing,
): { readonly blocks: Block[]; readonly places: Place[] } {
  if (packing === 'borrow') {
    // A socket takes any memory.
    return { blocks: views as Block[], places: views.map((_, block) => ({ block, offsetBytes: 0 })) }
  }
  let totalBytes = 0
  for (const view of views) totalBytes += view.length
  const blocks: Block[] = []
  const moved = packing === 'copy' || totalBytes < SMALL_BYTES ? NOTHING : movableBuffers(views, packing)
  const blockOf = new Map<ArrayBufferLike, number>()
  for (const buffer of moved) blockOf.set(buffer, blocks.push(new Uint8Array(buffer)) - 1)

  let copiedBytes = 0
  const copies: [view: Uint8Array, offsetBytes: number][] = []
  const places = views.map((view): Place => {
    const block = blockOf.get(view.buffer)
    if (block !== undefined) return { block, offsetBytes: view.byteOffset }
    const offsetBytes = copiedBytes
    copies.push([view, offsetBytes])
    copiedBytes += Math.ceil(view.length / 8) * 8
    return { block: moved.size, offsetBytes }
  })
  if (copiedBytes > 0) {
    const copied = uninitialised(copiedBytes)
    for (const [view, offsetBytes] of copies) copied.set(view, offsetBytes)
    blocks.push(copied)
  }
  return { blocks, places }
}

/** The memory behind `views` that may be moved and is used well enough to be. */
function movableBuffers(
  views: readonly Uint8Array[],
  packing: 'move' | ReadonlySet<ArrayBufferLike>,
): ReadonlySet<ArrayBuffer> {
  const viewsOf = Map.groupBy(views, view => view.buffer)
  const movable = new Set<ArrayBuffer>()
  for (const [buffer, parts] of viewsOf) {
    if (!(buffer instanceof ArrayBuffer) || isMarkedAsUntransferable(buffer)) continue
    if (packing !== 'move' && !packing.has(buffer)) continue
    if (coveredBytes(parts) >= buffer.byteLength * COVERED_SHARE && buffer.byteLength > 0) movable.add(buffer)
  }
  return movable
}

/** Bytes that at least one of the views shows. */
function coveredBytes(views: readonly Uint8Array[]): number {
  let covered = 0
  let end = 0
  for (const view of views.toSorted((a, b) => a.byteOffset - b.byteOffset)) {
    const viewEnd = view.byteOffset + view.length
    covered += Math.max(0, viewEnd - Math.max(end, view.byteOffset))
    end = Math.max(end, viewEnd)
  }
  return covered
}

function bytesOf(data: TensorData): Uint8Array {
  const { buffer } = BytesArray.is(data) ? data.packed() : data
  if (!(buffer instanceof ArrayBuffer) || !buffer.detached) return dataBytes(data)
  throw new Error(
    'a tensor has no memory any more: it was moved to a worker with an earlier request; copy what is sent twice',
  )
}

const NO_BYTES: Block = new Uint8Array(0)
const NOTHING: ReadonlySet<ArrayBuffer> = new Set()
