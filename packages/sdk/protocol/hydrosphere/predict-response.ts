import type { Shape, Tensor } from '../../tensor/index.ts'
import { WireReader } from '../protobuf/wire-reader.ts'
import { WireWriter } from '../protobuf/wire-writer.ts'
import type { HydrosphereGeneration } from './generation.ts'
import type { HydrosphereShapes, HydrosphereValue } from './group.ts'
import { readEntry, readTensors, type TensorPlaces } from './tensor-map-reader.ts'
import { planTensorMap, writeTensorMap } from './tensor-map-writer.ts'
import { readValueMap } from './value-map-reader.ts'

const OUTPUTS_TAG = 0x0a

/**
 * Reads a `PredictResponse`: outputs, and nothing else. Tensors are views on `message` where they lie aligned in memory.
 * Fields of old releases beside them are skipped.
 * @param declared shapes of outputs by name, which those take that come without one
 * @throws ServingError INVALID_ARGUMENT, whatever the bytes are; UNIMPLEMENTED for a type that Millrace does not have
 */
export function decodePredictResponse(
  message: Uint8Array,
  generation: HydrosphereGeneration,
  declared?: ReadonlyMap<string, Shape>,
): Tensor[] {
  const reader = new WireReader(message)
  return readTensors(reader, findOutputs(reader), generation, declared)
}

/**
 * Reads a `PredictResponse` whose outputs may be groups.
 * @throws as {@link decodePredictResponse} does
 */
export function decodeResponseValues(
  message: Uint8Array,
  generation: HydrosphereGeneration,
  declared?: HydrosphereShapes,
): HydrosphereValue[] {
  const reader = new WireReader(message)
  return readValueMap(reader, findOutputs(reader), generation, declared)
}

function findOutputs(reader: WireReader): TensorPlaces {
  const places: TensorPlaces = new Map()
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === OUTPUTS_TAG) readEntry(reader, places)
    else reader.skip(tag)
  }
  return places
}

/**
 * Writes a `PredictResponse` as pieces that make it up in order. Tensors of 16 KiB and more are pieces by reference, so
 * they must not change until the pieces are sent.
 * @throws ServingError UNIMPLEMENTED for a datatype that the generation cannot carry
 */
export function encodePredictResponse(
  outputs: readonly HydrosphereValue[],
  generation: HydrosphereGeneration,
): Uint8Array[] {
  const plan = planTensorMap(outputs, generation)
  const writer = new WireWriter(plan.copiedBytes)
  writeTensorMap(writer, OUTPUTS_TAG, plan)
  return writer.finish()
}
