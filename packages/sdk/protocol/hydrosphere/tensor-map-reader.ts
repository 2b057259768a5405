import type { Shape, Tensor } from '../../tensor/index.ts'
import { MAX_TENSORS } from '../protobuf/message-limits.ts'
import type { WireReader } from '../protobuf/wire-reader.ts'
import type { HydrosphereGeneration } from './generation.ts'
import { readTensor } from './tensor-reader.ts'

/** Where the tensors of a map lie in the message: by name start and end of each part. */
export type TensorPlaces = Map<string, readonly number[]>

/**
 * Reads one entry of a `map<string, Tensor>` after its tag; the tensor itself is read later. Of entries with one name the last counts.
 * @throws ServingError INVALID_ARGUMENT beyond {@link MAX_TENSORS}
 */
export function readEntry(reader: WireReader, places: TensorPlaces): void {
  const start = reader.offset
  const outer = reader.enter()
  let name = ''
  const ranges: number[] = []
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) name = reader.name()
    else if (tag === 0x12) {
      const length = reader.length()
      ranges.push(reader.offset, reader.offset + length)
      reader.offset += length
    } else reader.skip(tag)
  }
  reader.limit = outer
  if (places.size >= MAX_TENSORS && !places.has(name)) {
    throw reader.failure(`the message has more than ${MAX_TENSORS} tensors`, start)
  }
  places.set(name, ranges)
}

/**
 * @param declared shapes by name, for tensors that come without one
 * @throws as `readTensor` does
 */
export function readTensors(
  reader: WireReader,
  places: TensorPlaces,
  generation: HydrosphereGeneration,
  declared?: ReadonlyMap<string, Shape>,
): Tensor[] {
  return Array.from(places, ([name, ranges]) =>
    readTensor(reader, name, ranges, generation, declared?.get(name)),
  )
}
