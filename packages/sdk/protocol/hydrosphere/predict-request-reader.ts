import type { InferenceRequest } from '../../model/index.ts'
import { WireReader } from '../protobuf/wire-reader.ts'
import type { HydrosphereGeneration } from './generation.ts'
import type { HydrosphereRequest } from './group.ts'
import { readEntry, readTensors, type TensorPlaces } from './tensor-map-reader.ts'
import { readValueMap } from './value-map-reader.ts'

/** A request, and which function of the model it means. */
export interface DecodedPredictRequest {
  /** In G3 the name is empty: a request does not say whom it is for. */
  readonly request: InferenceRequest
  /** Empty where the request does not say it, as always in G3. */
  readonly signatureName: string
}

/**
 * Reads a `PredictRequest` of a runtime. Tensors are views on `message` where they lie aligned in memory, so it must not
 * be written to while the request is in use. Fields that the message does not have are skipped.
 * @throws ServingError INVALID_ARGUMENT, whatever the bytes are; UNIMPLEMENTED for a type that Millrace does not have
 */
export function decodePredictRequest(
  message: Uint8Array,
  generation: HydrosphereGeneration,
): DecodedPredictRequest {
  const reader = new WireReader(message)
  const { places, spec } = findParts(reader, generation)
  const inputs = readTensors(reader, places, generation)
  return { request: { ...namesOf(spec), inputs }, signatureName: spec.signatureName }
}

/**
 * Reads a `PredictRequest` whose inputs may be groups.
 * @throws as {@link decodePredictRequest} does
 */
export function decodeRequestValues(
  message: Uint8Array,
  generation: HydrosphereGeneration,
): { readonly request: HydrosphereRequest; readonly signatureName: string } {
  const reader = new WireReader(message)
  const { places, spec } = findParts(reader, generation)
  const inputs = readValueMap(reader, places, generation, undefined)
  return { request: { ...namesOf(spec), inputs }, signatureName: spec.signatureName }
}

function namesOf({ name, version }: ModelSpecDraft): Omit<InferenceRequest, 'inputs'> {
  return { modelName: name, modelVersion: version === '' ? undefined : version }
}

function findParts(
  reader: WireReader,
  generation: HydrosphereGeneration,
): { readonly places: TensorPlaces; readonly spec: ModelSpecDraft } {
  const inputsTag = generation === 'G3' ? 0x0a : 0x12
  const places: TensorPlaces = new Map()
  const spec = { name: '', version: '', signatureName: '' }
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === inputsTag) readEntry(reader, places)
    else if (tag === 0x0a) readModelSpec(reader, spec)
    else reader.skip(tag)
  }
  return { places, spec }
}

/**
 * Reads a request of the gateway: `GatewayPredictRequest` in G3, `ServablePredictRequest` in G2, whose inputs may be
 * groups. The model's name is that of the servable or application.
 * @throws as {@link decodePredictRequest} does
 */
export function decodeGatewayRequest(
  message: Uint8Array,
  generation: Exclude<HydrosphereGeneration, 'G1'>,
): HydrosphereRequest {
  const reader = new WireReader(message)
  const places: TensorPlaces = new Map()
  let modelName = ''
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) modelName = reader.name()
    else if (tag === 0x12) readEntry(reader, places)
    else reader.skip(tag)
  }
  return { modelName, inputs: readValueMap(reader, places, generation, undefined) }
}

interface ModelSpecDraft {
  name: string
  version: string
  signatureName: string
}

function readModelSpec(reader: WireReader, spec: ModelSpecDraft): void {
  const outer = reader.enter()
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) spec.name = reader.name()
    else if (tag === 0x12) spec.version = readWrappedInteger(reader)
    else if (tag === 0x1a) spec.signatureName = reader.name()
    else reader.skip(tag)
  }
  reader.limit = outer
}

/** An `Int64Value`, in which 0 may be left out. */
function readWrappedInteger(reader: WireReader): string {
  const outer = reader.enter()
  let value: number | bigint = 0
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x08) value = reader.int64()
    else reader.skip(tag)
  }
  reader.limit = outer
  return String(value)
}
