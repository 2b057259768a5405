import type { ModelSignature, SignatureField } from '../store/index.ts'
import { wordOfDataType } from './data-types.ts'

/** A contract as a resource file has it, as plain values for whoever writes YAML. */
export interface ContractWords {
  readonly name: string
  readonly inputs: Readonly<Record<string, FieldWords>>
  readonly outputs: Readonly<Record<string, FieldWords>>
}

export interface FieldWords {
  readonly shape?: 'scalar' | readonly number[]
  readonly type?: string
  /** Left out for `none`. */
  readonly profile?: string
  readonly fields?: Readonly<Record<string, FieldWords>>
}

/** The way back from a signature to the words of a resource file. */
export function contractWords({ signatureName, inputs, outputs }: ModelSignature): ContractWords {
  return { name: signatureName, inputs: wordsOf(inputs), outputs: wordsOf(outputs) }
}

function wordsOf(fields: readonly SignatureField[]): Readonly<Record<string, FieldWords>> {
  return Object.fromEntries(fields.map(field => [field.name, wordsOfField(field)]))
}

function wordsOfField(field: SignatureField): FieldWords {
  const dims = field.shape?.dims
  const shape = dims === undefined ? {} : { shape: dims.length === 0 ? ('scalar' as const) : dims }
  if ('subfields' in field) return { ...shape, fields: wordsOf(field.subfields) }
  const profile = field.profile === 'NONE' ? {} : { profile: field.profile.toLowerCase() }
  return { ...shape, type: wordOfDataType(field.dtype), ...profile }
}
