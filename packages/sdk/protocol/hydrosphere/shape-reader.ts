import { MAX_DIMENSIONS } from '../protobuf/message-limits.ts'
import type { WireReader } from '../protobuf/wire-reader.ts'
import type { HydrosphereGeneration } from './generation.ts'

/** A shape while it is being read: parts of one message add up. */
export interface ShapeDraft {
  /** False as long as no shape message was there. */
  isPresent: boolean
  isUnknownRank: boolean
  readonly extents: number[]
}

export function newShapeDraft(): ShapeDraft {
  return { isPresent: false, isUnknownRank: false, extents: [] }
}

/** The extents, -1 among them; undefined where any shape will do. */
export function finishedShape({ isPresent, isUnknownRank, extents }: ShapeDraft): number[] | undefined {
  return isPresent && !isUnknownRank ? extents : undefined
}

/**
 * Reads a `TensorShapeProto` (G1, G2) or `TensorShape` (G3) after its tag.
 * @throws ServingError INVALID_ARGUMENT for more dimensions than tensors have, or an extent below -1
 */
export function readShape(reader: WireReader, draft: ShapeDraft, generation: HydrosphereGeneration): void {
  const outer = reader.enter()
  draft.isPresent = true
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (generation === 'G3') {
      if (tag === 0x0a) readPackedExtents(reader, draft)
      else if (tag === 0x08) readExtent(reader, draft)
      else reader.skip(tag)
    } else if (tag === 0x12) readDimension(reader, draft)
    else if (tag === 0x18) draft.isUnknownRank = reader.boolean()
    else reader.skip(tag)
  }
  reader.limit = outer
}

function readPackedExtents(reader: WireReader, draft: ShapeDraft): void {
  const outer = reader.enter()
  while (reader.offset < reader.limit) readExtent(reader, draft)
  reader.limit = outer
}

/** A `Dim`: its size may be left out, which is 0, and a repeated one replaces the former. */
function readDimension(reader: WireReader, draft: ShapeDraft): void {
  const outer = reader.enter()
  const start = reader.offset
  addExtent(reader, draft, 0, start)
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x08) draft.extents[draft.extents.length - 1] = checkedExtent(reader, start)
    else reader.skip(tag)
  }
  reader.limit = outer
}

function readExtent(reader: WireReader, draft: ShapeDraft): void {
  const start = reader.offset
  addExtent(reader, draft, checkedExtent(reader, start), start)
}

function addExtent(reader: WireReader, draft: ShapeDraft, extent: number, start: number): void {
  if (draft.extents.length >= MAX_DIMENSIONS) {
    throw reader.failure(`a shape has more than ${MAX_DIMENSIONS} dimensions`, start)
  }
  draft.extents.push(extent)
}

function checkedExtent(reader: WireReader, start: number): number {
  const extent = reader.int64()
  if (typeof extent === 'number' && extent >= -1) return extent
  throw reader.failure(`a dimension of a shape is ${extent}; allowed are -1 for any and 0 to 2^53 - 1`, start)
}
