import { createFieldCodec } from '../codecs/index.ts'
import type { ContractDefinition, TensorSpec } from '../contract/index.ts'
import { ServingError } from '../errors/index.ts'
import type { PlainValues } from '../model/index.ts'
import { type Tensor, type TensorLike, toTensor } from '../tensor/index.ts'

/** Plain values by the name of their input; typed for a model whose contract is known. */
export type NamedInputs<C extends ContractDefinition> = string extends keyof C['inputs']
  ? Readonly<Record<string, unknown>>
  : Readonly<PlainValues<C['inputs']>>

/** What a test gives a model: tensors, or plain values by name. */
export type TestInputs<C extends ContractDefinition = ContractDefinition> =
  | readonly TensorLike[]
  | NamedInputs<C>

/**
 * The tensors of a test's inputs. Values are written by their field's content type, and shapes are
 * worked out from the declared ones.
 * @throws ServingError INVALID_ARGUMENT when a value does not fit or has an unknown name
 */
export function toInputTensors(inputs: object, specs: readonly TensorSpec[]): readonly Tensor[] {
  if (isTensors(inputs)) return inputs.map(input => toTensor(input))
  return Object.entries(inputs).flatMap(([name, value]) => {
    if (value === undefined) return []
    const spec = specs.find(candidate => candidate.name === name)
    if (spec === undefined) throw unexpectedInput(name, specs)
    return createFieldCodec(spec, 'input').write(value)
  })
}

function isTensors(inputs: object): inputs is readonly TensorLike[] {
  return Array.isArray(inputs)
}

function unexpectedInput(name: string, specs: readonly TensorSpec[]): ServingError {
  const declared = specs.map(spec => `'${spec.name}'`).join(', ')
  return new ServingError(
    'INVALID_ARGUMENT',
    declared === ''
      ? `the model declares no inputs, so a value for '${name}' has no datatype: give tensors [{ name, datatype, shape, data }]`
      : `unexpected input '${name}'; the model declares ${declared}`,
  )
}
