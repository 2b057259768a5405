import { ServingError } from '../../errors/index.ts'
import { MAX_TENSORS } from '../protobuf/message-limits.ts'
import { WireReader } from '../protobuf/wire-reader.ts'
import type { HydrosphereContract, HydrosphereField, HydrosphereSignature } from './contract.ts'
import { datatypeOf } from './data-type-names.ts'
import type { HydrosphereGeneration } from './generation.ts'
import { profileOf } from './profiles.ts'
import { finishedShape, newShapeDraft, readShape } from './shape-reader.ts'

/** Most functions of one model; a dozen is many. */
const MAX_SIGNATURES = 1024

/**
 * Reads the bytes of `contract.protobin`: a `ModelContract` in G1 and G2, a bare `ModelSignature` in G3. The generation
 * must be known, because the bytes of one can be read as another's without an error. Several signatures stay apart in
 * G2 too, where there should be one.
 * @throws ServingError INVALID_ARGUMENT for bytes that are no contract; UNIMPLEMENTED for nested fields, and for types
 * that Millrace does not have
 */
export function decodeContract(bytes: Uint8Array, generation: HydrosphereGeneration): HydrosphereContract {
  const reader = new WireReader(bytes)
  if (generation === 'G3') return { modelName: '', signatures: [readSignature(reader, generation)] }
  let modelName = ''
  const signatures: HydrosphereSignature[] = []
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) modelName = reader.text()
    else if (tag === 0x12) {
      if (signatures.length >= MAX_SIGNATURES) {
        throw reader.failure(`the contract has more than ${MAX_SIGNATURES} signatures`, reader.offset)
      }
      const outer = reader.enter()
      signatures.push(readSignature(reader, generation))
      reader.limit = outer
    } else reader.skip(tag)
  }
  return { modelName, signatures }
}

function readSignature(reader: WireReader, generation: HydrosphereGeneration): HydrosphereSignature {
  let name = ''
  const inputs: HydrosphereField[] = []
  const outputs: HydrosphereField[] = []
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) name = reader.text()
    else if (tag === 0x12) readField(reader, inputs, generation)
    else if (tag === 0x1a) readField(reader, outputs, generation)
    else reader.skip(tag)
  }
  return { name, inputs, outputs }
}

function readField(reader: WireReader, fields: HydrosphereField[], generation: HydrosphereGeneration): void {
  if (fields.length >= MAX_TENSORS) {
    throw reader.failure(`a signature has more than ${MAX_TENSORS} fields`, reader.offset)
  }
  const profileTag = generation === 'G3' ? 0x28 : 0x50
  const outer = reader.enter()
  let name = ''
  let type = 0
  let profile = 0
  let hasSubfields = false
  const shape = newShapeDraft()
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x0a) name = reader.text()
    else if (tag === 0x12) readShape(reader, shape, generation)
    else if (tag === 0x20) {
      type = readEnum(reader)
      // Of a oneof the last counts.
      hasSubfields = false
    } else {
      if (tag === 0x1a) hasSubfields = true
      if (tag === profileTag) profile = readEnum(reader)
      else reader.skip(tag)
    }
  }
  reader.limit = outer
  const subject = `field '${name}' of the contract`
  if (hasSubfields) {
    throw new ServingError(
      'UNIMPLEMENTED',
      `${subject} has subfields, which models of tensors cannot be given; they are for models whose own program speaks Hydrosphere's protocol`,
    )
  }
  fields.push({
    name,
    datatype: datatypeOf(type, subject),
    shape: finishedShape(shape),
    ...(profile === 0 ? {} : { profile: knownProfile(profile, subject) }),
  })
}

function readEnum(reader: WireReader): number {
  reader.varint64()
  return reader.low
}

function knownProfile(number: number, subject: string) {
  const profile = profileOf(number)
  if (profile !== undefined) return profile
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${subject} has profile ${number}, which is not a number of the enum DataProfileType`,
  )
}
