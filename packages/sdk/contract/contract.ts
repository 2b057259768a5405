import type { Datatype, Parameters, Shape } from '../tensor/index.ts'

/**
 * What a field means, beyond its datatype; monitoring picks its checks by it.
 * The words are Hydrosphere's (`DataProfileType`).
 */
export const PROFILES = [
  'NONE',
  'CATEGORICAL',
  'NOMINAL',
  'ORDINAL',
  'NUMERICAL',
  'CONTINUOUS',
  'INTERVAL',
  'RATIO',
  'IMAGE',
  'VIDEO',
  'AUDIO',
  'TEXT',
] as const

export type Profile = (typeof PROFILES)[number]

/** One named input or output of a model. */
export interface TensorSpec {
  readonly name: string
  readonly datatype: Datatype
  /** Extents including the batch dimension; -1 stands for any extent. */
  readonly shape: Shape
  /** The codec that gives the bytes their meaning, e.g. `str`; see the codecs room. */
  readonly contentType?: string | undefined
  /** Default `NONE`. */
  readonly profile?: Profile | undefined
  /** True if a request may leave this input out, or a response this output. Default false. */
  readonly isOptional?: boolean | undefined
  readonly parameters?: Parameters | undefined
}

/** The signature of a model: what goes in, what comes out. An empty list means "not declared". */
export interface ModelContract {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

/** A field as it is written in {@link defineContract}, under its name. */
export type FieldDefinition = Omit<TensorSpec, 'name'>

/** A contract as an author writes it: fields by name. */
export interface ContractDefinition {
  readonly inputs: Readonly<Record<string, FieldDefinition>>
  readonly outputs: Readonly<Record<string, FieldDefinition>>
}

/**
 * Declares a contract so that TypeScript knows each name and datatype:
 *
 *     const contract = defineContract({
 *       inputs: { text: { datatype: 'BYTES', shape: [-1], contentType: 'str', profile: 'TEXT' } },
 *       outputs: { score: { datatype: 'FP32', shape: [-1], profile: 'NUMERICAL' } },
 *     })
 */
export function defineContract<const C extends ContractDefinition>(contract: C): C {
  return contract
}

/** The fields of a definition as lists, in the order in which they were written. */
export function toModelContract(definition: ContractDefinition): ModelContract {
  return { inputs: toSpecs(definition.inputs), outputs: toSpecs(definition.outputs) }
}

function toSpecs(fields: Readonly<Record<string, FieldDefinition>>): TensorSpec[] {
  return Object.entries(fields).map(([name, field]) => ({ name, ...field }))
}
