import { ServingError } from '@millrace/sdk'
import type { ModelSignature, SignatureField } from '../../store/index.ts'

type Json = number | string | boolean | readonly Json[] | { readonly [name: string]: Json }

const VALUES: Readonly<Record<string, Json>> = {
  DT_STRING: 'foo',
  DT_BOOL: true,
  // The real part and the imaginary one.
  DT_COMPLEX64: [1, 0],
  DT_COMPLEX128: [1, 0],
}

const NUMBERS: ReadonlySet<string> = new Set(
  'FLOAT DOUBLE HALF BFLOAT16 INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 QINT8 QINT16 QINT32 QUINT8 QUINT16'
    .split(' ')
    .map(name => `DT_${name}`),
)

const ELEMENTS_MAX = 1_000_000

/**
 * A request that an application takes: ones, "foo" and true in the shapes of its inputs, an open extent being 1.
 *
 * @throws ServingError UNIMPLEMENTED for a datatype that has no JSON, RESOURCE_EXHAUSTED for more than a million elements
 */
export function exampleInputs({ inputs }: ModelSignature): Readonly<Record<string, Json>> {
  const budget = { left: ELEMENTS_MAX }
  return Object.fromEntries(inputs.map(field => [field.name, exampleOf(field, budget)]))
}

function exampleOf(field: SignatureField, budget: { left: number }): Json {
  if ('subfields' in field) {
    return Object.fromEntries(field.subfields.map(part => [part.name, exampleOf(part, budget)]))
  }
  const value = VALUES[field.dtype] ?? (NUMBERS.has(field.dtype) ? 1 : undefined)
  if (value === undefined) {
    throw new ServingError(
      'UNIMPLEMENTED',
      `field '${field.name}' has dtype ${field.dtype}, which has no JSON`,
    )
  }
  const extents = (field.shape === null ? [1] : field.shape.dims).map(extent => Math.max(1, extent))
  budget.left -= extents.reduce((product, extent) => product * extent, 1)
  if (budget.left < 0) {
    throw new ServingError(
      'RESOURCE_EXHAUSTED',
      `field '${field.name}' has shape [${extents.join(', ')}]; examples have at most ${ELEMENTS_MAX} elements`,
    )
  }
  return extents.reduceRight<Json>((inner, extent) => Array.from({ length: extent }, () => inner), value)
}
