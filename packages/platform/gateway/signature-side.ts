import { type Datatype, ServingError, type Shape } from '@millrace/sdk'
import type { SignatureField } from '../store/index.ts'
import { datatypeOf } from './data-types.ts'

/** A field of a signature that tensors can be held against. */
export interface TensorField {
  readonly name: string
  readonly dtype: string
  readonly datatype: Datatype
  /** -1 stands for any extent; `null` for any shape at all. */
  readonly shape: Shape | null
}

/** The inputs or the outputs of a signature, as prediction needs them. */
export interface SignatureSide {
  readonly fields: readonly TensorField[]
  /** Why nothing can be predicted with these fields, where some of them are of a kind that tensors cannot hold. */
  readonly refusal: ServingError | null
}

/**
 * Reads one side of a signature; what is wrong with it is kept for who predicts.
 * @param whose whose signature it is, for messages: "servable 'scaler-1-a'"
 */
export function readSignatureSide(
  fields: readonly SignatureField[],
  side: 'input' | 'output',
  whose: string,
): SignatureSide {
  const known: TensorField[] = []
  const objections: string[] = []
  for (const field of fields) {
    if ('subfields' in field) {
      objections.push(`${side} '${field.name}' has nested fields`)
      continue
    }
    const datatype = datatypeOf(field.dtype)
    if (datatype === undefined) objections.push(`${side} '${field.name}' has dtype ${field.dtype}`)
    else known.push({ name: field.name, dtype: field.dtype, datatype, shape: field.shape?.dims ?? null })
  }
  if (objections.length === 0) return { fields: known, refusal: null }
  const refusal = new ServingError(
    'UNIMPLEMENTED',
    `${whose} cannot be predicted with: ${objections.join('; ')}; supported are tensors of DT_FLOAT, DT_DOUBLE, ` +
      'DT_HALF, DT_BFLOAT16, DT_BOOL, DT_STRING and the integers',
  )
  return { fields: known, refusal }
}
