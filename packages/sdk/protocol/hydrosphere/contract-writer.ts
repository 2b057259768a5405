import { ServingError } from '../../errors/index.ts'
import { varint64Size, varintSize } from '../protobuf/wire-sizes.ts'
import { WireWriter } from '../protobuf/wire-writer.ts'
import type { HydrosphereContract, HydrosphereField, HydrosphereSignature } from './contract.ts'
import { dataTypeNumber } from './data-type-names.ts'
import type { HydrosphereGeneration } from './generation.ts'
import { PROFILE_NUMBERS } from './profiles.ts'

/**
 * Writes the bytes of `contract.protobin`. G1 has no profiles, and G3 no model name: they are left out.
 * @throws ServingError INVALID_ARGUMENT for another number of signatures than the generation holds; UNIMPLEMENTED for a
 * datatype that it cannot carry
 */
export function encodeContract(contract: HydrosphereContract, generation: HydrosphereGeneration): Uint8Array {
  const { modelName, signatures } = contract
  const [first] = signatures
  if (first === undefined || (generation !== 'G1' && signatures.length > 1)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the contract has ${signatures.length} signatures; ${generation} needs ${generation === 'G1' ? 'at least' : 'exactly'} one`,
    )
  }
  if (generation === 'G3') return signatureBytes(first, generation)
  return Buffer.concat([
    textField(0x0a, modelName),
    ...signatures.map(signature => lengthDelimited(0x12, signatureBytes(signature, generation))),
  ])
}

// A contract is small and seldom written, so its messages are made from the inside out, each a buffer of its own.

function signatureBytes(
  { name, inputs, outputs }: HydrosphereSignature,
  generation: HydrosphereGeneration,
): Uint8Array {
  return Buffer.concat([
    textField(0x0a, name),
    ...inputs.map(field => lengthDelimited(0x12, fieldBytes(field, generation))),
    ...outputs.map(field => lengthDelimited(0x1a, fieldBytes(field, generation))),
  ])
}

function fieldBytes(field: HydrosphereField, generation: HydrosphereGeneration): Uint8Array {
  const { name, datatype, shape, profile = 'NONE' } = field
  const type = dataTypeNumber(datatype, generation, `field '${name}' of the contract`)
  const profileTag = generation === 'G3' ? 0x28 : 0x50
  const hasProfile = generation !== 'G1' && profile !== 'NONE'
  return Buffer.concat([
    textField(0x0a, name),
    // A scalar's shape is a message with nothing in it; a shape that is left open is no message.
    ...(shape === undefined ? [] : [lengthDelimited(0x12, shapeBytes(shape, generation))]),
    Uint8Array.of(0x20, type),
    ...(hasProfile ? [Uint8Array.of(profileTag, PROFILE_NUMBERS[profile])] : []),
  ])
}

function shapeBytes(shape: readonly number[], generation: HydrosphereGeneration): Uint8Array {
  if (shape.length === 0) return new Uint8Array()
  if (generation === 'G3') return lengthDelimited(0x0a, Buffer.concat(shape.map(extentBytes)))
  return Buffer.concat(
    shape.map(extent =>
      lengthDelimited(
        0x12,
        extent === 0 ? new Uint8Array() : Buffer.concat([Uint8Array.of(0x08), extentBytes(extent)]),
      ),
    ),
  )
}

/** An int64 as a varint: -1 fills all 64 bits. */
function extentBytes(extent: number): Uint8Array {
  const low = extent | 0
  const high = Math.floor(extent / 0x1_0000_0000)
  const writer = new WireWriter(varint64Size(low, high))
  writer.varint64(low, high)
  return writer.buffer
}

function textField(tag: number, text: string): Uint8Array {
  return text === '' ? new Uint8Array() : lengthDelimited(tag, Buffer.from(text))
}

function lengthDelimited(tag: number, content: Uint8Array): Uint8Array {
  const writer = new WireWriter(1 + varintSize(content.length))
  writer.head(tag, content.length)
  return Buffer.concat([writer.buffer, content])
}
