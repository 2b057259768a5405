import { type Profile, ServingError } from '@millrace/sdk'
import {
  decodeContract,
  encodeContract,
  type HydrosphereContract,
  type HydrosphereField,
  type HydrosphereGeneration,
} from '@millrace/sdk/protocol'
import type { ModelSignature, SignatureField } from '../../store/index.ts'
import { writeWideContract } from './contract-messages.ts'
import { DATA_TYPE_NAMES, DATATYPES } from './data-types.ts'

/**
 * The bytes of `contract.protobin` for a runtime.
 *
 * Rejects UNIMPLEMENTED naming a field whose dtype the generation has no number for.
 */
export async function writeContract(
  modelName: string,
  signature: ModelSignature,
  generation: HydrosphereGeneration,
): Promise<Uint8Array> {
  const inputs = toFields(signature.inputs)
  const outputs = toFields(signature.outputs)
  if (inputs === undefined || outputs === undefined) {
    return writeWideContract(modelName, signature, generation)
  }
  const signatures = [{ name: signature.signatureName, inputs, outputs }]
  return encodeContract({ modelName, signatures }, generation)
}

/**
 * Reads the bytes of a contract, whatever its generation.
 *
 * @throws ServingError INVALID_ARGUMENT for bytes that are none, UNIMPLEMENTED for types that tensors cannot have
 */
export function readContractBytes(bytes: Uint8Array): ModelSignature {
  const { signatures } = decodeAny(bytes)
  const [signature] = signatures
  if (signature === undefined || signatures.length > 1) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the contract has ${signatures.length} signatures; a version has one`,
    )
  }
  return {
    signatureName: signature.name,
    inputs: signature.inputs.map(toJson),
    outputs: signature.outputs.map(toJson),
  }
}

/** Of the third generation are those bytes that have outputs when they are read so: a field the others do not have. */
function decodeAny(bytes: Uint8Array): HydrosphereContract {
  try {
    const contract = decodeContract(bytes, 'G3')
    if ((contract.signatures[0]?.outputs.length ?? 0) > 0) return contract
  } catch {
    // Then it is of another one, or the next attempt says what is wrong.
  }
  return decodeContract(bytes, 'G2')
}

/** `undefined` if one of them is something that tensors cannot hold. */
function toFields(fields: readonly SignatureField[]): readonly HydrosphereField[] | undefined {
  const all: HydrosphereField[] = []
  for (const field of fields) {
    if ('subfields' in field || !Object.hasOwn(DATATYPES, field.dtype)) return undefined
    const { name, dtype, shape, profile } = field
    all.push({
      name,
      datatype: DATATYPES[dtype]!,
      shape: shape?.dims,
      ...(profile === 'NONE' ? {} : { profile: profile as Profile }),
    })
  }
  return all
}

function toJson({ name, datatype, shape, profile = 'NONE' }: HydrosphereField): SignatureField {
  return {
    name,
    dtype: DATA_TYPE_NAMES.get(datatype)!,
    shape: shape === undefined ? null : { dims: [...shape] },
    profile,
  }
}
