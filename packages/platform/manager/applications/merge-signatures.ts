import { ServingError } from '@millrace/sdk'
import type { ModelSignature, SignatureField, SignatureShape } from '../../store/index.ts'

/** A signature, and whose it is, for messages. */
export interface OwnedSignature {
  /** `scaler:1` */
  readonly owner: string
  readonly signature: ModelSignature
}

/**
 * The one signature that all variants of a stage answer to. Fields are told apart by name: each must be in every
 * signature, with the same datatype and a shape that fits; an open extent gives way to a fixed one.
 *
 * @throws ServingError INVALID_ARGUMENT naming every field that does not fit
 */
export function mergeSignatures(signatures: readonly OwnedSignature[]): ModelSignature {
  const [first, ...others] = signatures
  if (first === undefined) throw new ServingError('INTERNAL', 'there is no signature to be merged')
  const names = new Set(signatures.map(({ signature }) => signature.signatureName))
  if (names.size > 1) {
    const owners = signatures.map(({ owner }) => owner).join(', ')
    throw new ServingError('INVALID_ARGUMENT', `Model Versions ${owners} have different signature names`)
  }
  const problems: string[] = []
  const merge = (side: 'inputs' | 'outputs') =>
    mergeFields(
      signatures.map(({ owner, signature }) => ({ owner, fields: signature[side] })),
      side === 'inputs' ? 'input' : 'output',
      problems,
    )
  const merged =
    others.length === 0
      ? first.signature
      : { signatureName: first.signature.signatureName, inputs: merge('inputs'), outputs: merge('outputs') }
  if (problems.length === 0) return merged
  throw new ServingError('INVALID_ARGUMENT', `Errors while merging signatures: ${problems.join('; ')}`)
}

interface OwnedFields {
  readonly owner: string
  readonly fields: readonly SignatureField[]
}

function mergeFields(owned: readonly OwnedFields[], what: string, problems: string[]): SignatureField[] {
  const names = new Set(owned.flatMap(({ fields }) => fields.map(({ name }) => name)))
  return [...names].flatMap(name => {
    let merged: SignatureField | undefined
    let mergedOwner = ''
    for (const { owner, fields } of owned) {
      const field = fields.find(field => field.name === name)
      if (field === undefined) {
        problems.push(`${what} '${name}' is missing in ${owner}`)
        return []
      }
      const both = merged === undefined ? field : mergeField(merged, field)
      if (typeof both === 'string') {
        problems.push(`${what} '${name}' of ${mergedOwner} and ${owner}: ${both}`)
        return []
      }
      merged = both
      mergedOwner = mergedOwner === '' ? owner : `${mergedOwner}, ${owner}`
    }
    return merged === undefined ? [] : [merged]
  })
}

/** The field that is both, or why there is none. Names are not looked at: the result has that of `one`. */
export function mergeField(one: SignatureField, other: SignatureField): SignatureField | string {
  const shape = mergeShapes(one.shape, other.shape)
  if ('subfields' in one && 'subfields' in other) {
    const problems: string[] = []
    const subfields = mergeFields(
      [
        { owner: 'the former', fields: one.subfields },
        { owner: 'the latter', fields: other.subfields },
      ],
      'subfield',
      problems,
    )
    if (problems.length > 0) return problems.join(', ')
    return shape === undefined ? shapeProblem(one, other) : { ...one, subfields, shape }
  }
  if ('subfields' in one || 'subfields' in other) return `${kindOf(one)} is not ${kindOf(other)}`
  if (one.dtype !== other.dtype) return `${one.dtype} is not ${other.dtype}`
  if (shape === undefined) return shapeProblem(one, other)
  return { ...one, shape, profile: one.profile === 'NONE' ? other.profile : one.profile }
}

/** `undefined` if no shape is both; `null` for any shape. */
function mergeShapes(
  one: SignatureShape | null,
  other: SignatureShape | null,
): SignatureShape | null | undefined {
  if (one === null) return other
  if (other === null) return one
  if (one.dims.length !== other.dims.length) return undefined
  const dims: number[] = []
  for (const [index, extent] of one.dims.entries()) {
    const otherExtent = other.dims[index]!
    if (extent !== otherExtent && extent !== -1 && otherExtent !== -1) return undefined
    dims.push(extent === -1 ? otherExtent : extent)
  }
  return { dims }
}

function shapeProblem(one: SignatureField, other: SignatureField): string {
  return `shape ${shown(one.shape)} does not fit ${shown(other.shape)}`
}

function shown(shape: SignatureShape | null): string {
  return shape === null ? 'any' : `[${shape.dims.join(', ')}]`
}

function kindOf(field: SignatureField): string {
  return 'subfields' in field ? 'a group of subfields' : field.dtype
}
