import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { ServingError } from '@millrace/sdk'
import { type HydrosphereGeneration, loadHydrosphereG2, loadHydrosphereG3 } from '@millrace/sdk/protocol'
import type { ModelSignature, SignatureField } from '../../store/index.ts'

type Protocol2 = Awaited<ReturnType<typeof loadHydrosphereG2>>
type Protocol3 = Awaited<ReturnType<typeof loadHydrosphereG3>>

/**
 * The bytes of a contract with fields that tensors here cannot hold: groups, complex and quantised numbers. A runtime of
 * somebody else's may know what to do with them.
 *
 * Rejects UNIMPLEMENTED naming a field whose dtype the generation has no number for.
 */
export async function writeWideContract(
  modelName: string,
  { signatureName, inputs, outputs }: ModelSignature,
  generation: HydrosphereGeneration,
): Promise<Uint8Array> {
  if (generation === 'G3') {
    const protocol = await loadHydrosphereG3()
    const schema = protocol.contract.ModelSignatureSchema
    const field = (each: SignatureField) => newerField(protocol, each)
    return toBinary(
      schema,
      create(schema, { signatureName, inputs: inputs.map(field), outputs: outputs.map(field) }),
    )
  }
  const protocol = await loadHydrosphereG2()
  const schema = protocol.contract.ModelContractSchema
  const hasProfiles = generation === 'G2'
  const field = (each: SignatureField) => olderField(protocol, each, hasProfiles)
  const signature = { signatureName, inputs: inputs.map(field), outputs: outputs.map(field) }
  return toBinary(schema, create(schema, { modelName, signatures: [signature] }))
}

function newerField(
  protocol: Protocol3,
  field: SignatureField,
): MessageInitShape<Protocol3['contract']['ModelFieldSchema']> {
  const { name } = field
  const { DataType, DataProfileType } = protocol.contract
  const shape = field.shape && { shape: { dims: field.shape.dims.map(BigInt) } }
  if ('subfields' in field) {
    const data = field.subfields.map(each => newerField(protocol, each))
    return { name, ...shape, typeOrSubfields: { case: 'subfields', value: { data } } }
  }
  const value = numberOf(DataType, field.dtype, field, 'G3')
  return {
    name,
    ...shape,
    typeOrSubfields: { case: 'dtype', value },
    profile: numberOf(DataProfileType, field.profile, field, 'G3'),
  }
}

function olderField(
  protocol: Protocol2,
  field: SignatureField,
  hasProfiles: boolean,
): MessageInitShape<Protocol2['contract']['ModelFieldSchema']> {
  const { name } = field
  const dim = field.shape?.dims.map(size => ({ size: BigInt(size) }))
  const shape = dim && { shape: { dim } }
  if ('subfields' in field) {
    const data = field.subfields.map(each => olderField(protocol, each, hasProfiles))
    return { name, ...shape, typeOrSubfields: { case: 'subfields', value: { data } } }
  }
  const { DataProfileType } = protocol.contract
  const value = numberOf(protocol.tensor.DataType, field.dtype, field, 'G2')
  return {
    name,
    ...shape,
    typeOrSubfields: { case: 'dtype', value },
    ...(hasProfiles && { profile: numberOf(DataProfileType, field.profile, field, 'G2') }),
  }
}

function numberOf<T extends number>(
  numbers: Readonly<Record<string, string | T>>,
  name: string,
  field: SignatureField,
  generation: HydrosphereGeneration,
): T {
  const number = numbers[name]
  if (typeof number === 'number') return number
  throw new ServingError(
    'UNIMPLEMENTED',
    `field '${field.name}' has ${name}, for which contracts of ${generation} have no number`,
  )
}
