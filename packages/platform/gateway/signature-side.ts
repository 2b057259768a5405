import { type Datatype, ServingError, type Shape } from '@millrace/sdk'
import type { HydrosphereShapes } from '@millrace/sdk/protocol'
import type { ModelSignature, SignatureField } from '../store/index.ts'
import { datatypeOf } from './data-types.ts'

/** A field of a signature that a value can be held against. */
export type SideField = TensorField | GroupField

export interface TensorField {
  readonly name: string
  readonly dtype: string
  readonly datatype: Datatype
  /** -1 stands for any extent; `null` for any shape at all. */
  readonly shape: Shape | null
}

/** A field with further fields in it. */
export interface GroupField {
  readonly name: string
  readonly datatype?: undefined
  /** Of the objects. */
  readonly shape: Shape | null
  readonly subfields: readonly SideField[]
}

/** The inputs or the outputs of a signature, as prediction needs them. */
export interface SignatureSide {
  readonly fields: readonly SideField[]
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
  const objections: string[] = []
  const known = readFields(fields, '', (path, dtype) => {
    objections.push(`${side} '${path}' has dtype ${dtype}`)
  })
  if (objections.length === 0) return { fields: known, refusal: null }
  const refusal = new ServingError(
    'UNIMPLEMENTED',
    `${whose} cannot be predicted with: ${objections.join('; ')}; supported are tensors of DT_FLOAT, DT_DOUBLE, ` +
      'DT_HALF, DT_BFLOAT16, DT_BOOL, DT_STRING and the integers',
  )
  return { fields: known, refusal }
}

function readFields(
  fields: readonly SignatureField[],
  prefix: string,
  object: (path: string, dtype: string) => void,
): readonly SideField[] {
  return fields.flatMap((field): readonly SideField[] => {
    const { name } = field
    const shape = field.shape?.dims ?? null
    const path = prefix + name
    if ('subfields' in field) {
      return [{ name, shape, subfields: readFields(field.subfields, `${path}.`, object) }]
    }
    const { dtype } = field
    const datatype = datatypeOf(dtype)
    if (datatype !== undefined) return [{ name, dtype, datatype, shape }]
    object(path, dtype)
    return []
  })
}

/** The first field with fields in it, for messages; `null` where all are tensors. */
export function nestedFieldOf({
  inputs,
  outputs,
}: Pick<ModelSignature, 'inputs' | 'outputs'>): string | null {
  const input = inputs.find(isGroup)
  if (input !== undefined) return `input '${input.name}'`
  const output = outputs.find(isGroup)
  return output === undefined ? null : `output '${output.name}'`
}

function isGroup(field: SignatureField): boolean {
  return 'subfields' in field
}

/** What values take that come without a shape. */
export function declaredShapes(fields: readonly SideField[]): HydrosphereShapes {
  return {
    shapes: new Map(fields.flatMap(({ name, shape }) => (shape === null ? [] : [[name, shape]]))),
    groups: new Map(
      fields.flatMap(field =>
        field.datatype === undefined ? [[field.name, declaredShapes(field.subfields)]] : [],
      ),
    ),
  }
}
