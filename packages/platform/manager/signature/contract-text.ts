import { ServingError } from '@millrace/sdk'
import { readSignatureJson } from '../../resources/index.ts'
import type { ModelSignature } from '../../store/index.ts'
import { parseTextFormat, type TextMessage, type TextValue } from './text-format.ts'

/**
 * The signature that a contract in text format has: in itself, or as `predict` or the only one of `signatures`.
 *
 * @throws ServingError INVALID_ARGUMENT saying where and what is wrong
 */
export function readContractText(text: string): ModelSignature {
  const contract = parseTextFormat(text)
  const signatures = [...messages(contract, 'predict'), ...messages(contract, 'signatures')]
  if (signatures.length > 1) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `the contract has ${signatures.length} signatures; a version has one`,
    )
  }
  const [signature = contract] = signatures
  return readSignatureJson(
    {
      signatureName: single(signature, 'signature_name'),
      inputs: messages(signature, 'inputs').map(toField),
      outputs: messages(signature, 'outputs').map(toField),
    },
    'contract',
  )
}

function toField(field: TextMessage): object {
  const [group] = messages(field, 'subfields')
  const [shape] = messages(field, 'shape')
  return {
    name: single(field, 'name'),
    dtype: single(field, 'dtype'),
    profile: single(field, 'profile'),
    shape: shape === undefined ? null : toShape(shape),
    ...(group === undefined ? {} : { subfields: messages(group, 'data').map(toField) }),
  }
}

function toShape(shape: TextMessage): object {
  if (single(shape, 'unknown_rank') === 'true') return { unknownRank: true }
  // The older form has messages with a size each, the newer one the sizes themselves.
  const sizes = messages(shape, 'dim').map(dim => single(dim, 'size') ?? '0')
  return { dims: [...sizes, ...(shape.get('dims') ?? [])] }
}

function messages(message: TextMessage, name: string): readonly TextMessage[] {
  return (message.get(name) ?? []).filter((value): value is TextMessage => typeof value !== 'string')
}

/** The last value, as protobuf has it. */
function single(message: TextMessage, name: string): TextValue | undefined {
  return message.get(name)?.at(-1)
}
