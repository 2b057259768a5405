import type { ModelSignature, SignatureField, SignatureTensor } from '../../store/index.ts'

/** A field whose values are profiled, component by component. */
export interface ProfiledField {
  readonly name: string
  readonly kind: 'numerical' | 'text'
  /** Values of one row, by the field's shape without a leading -1; `undefined` where the shape does not say. */
  readonly componentCount: number | undefined
  /** Whether the columns of training data may say how many values a row has. */
  readonly isOpen: boolean
}

/** More values in a row than this are not profiled. */
export const COMPONENTS_MAX = 512

const NUMERICAL_TYPES = new Set(
  'FLOAT DOUBLE HALF BFLOAT16 BOOL INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64'
    .split(' ')
    .map(name => `DT_${name}`),
)

/**
 * The fields of a signature that are tagged NUMERICAL and hold numbers, or TEXT and hold texts; all others give no profile.
 * Of an input and an output of one name it is the output, as in checks.
 */
export function profiledFields({ inputs, outputs }: ModelSignature): ReadonlyMap<string, ProfiledField> {
  const fields = new Map<string, ProfiledField>()
  for (const field of [...inputs, ...outputs]) {
    fields.delete(field.name)
    const kind = isTensor(field) ? kindOf(field) : undefined
    if (kind === undefined) continue
    const dims = field.shape?.dims
    const row = dims?.[0] === -1 ? dims.slice(1) : dims
    const isKnown = row !== undefined && !row.includes(-1)
    const componentCount = isKnown ? row.reduce((product, dim) => product * dim, 1) : undefined
    if (componentCount !== undefined && (componentCount > COMPONENTS_MAX || componentCount === 0)) continue
    const isOpen = componentCount === undefined || (dims?.length === 1 && dims[0] === -1)
    fields.set(field.name, { name: field.name, kind, componentCount, isOpen })
  }
  return fields
}

/** What a profile is called: the field, and which of its values. */
export function profileName(field: string, component: number): string {
  return `${field}_${component}`
}

function kindOf({ dtype, profile }: SignatureTensor): ProfiledField['kind'] | undefined {
  if (profile === 'NUMERICAL' && NUMERICAL_TYPES.has(dtype)) return 'numerical'
  return profile === 'TEXT' && dtype === 'DT_STRING' ? 'text' : undefined
}

function isTensor(field: SignatureField): field is SignatureTensor {
  return 'dtype' in field
}
