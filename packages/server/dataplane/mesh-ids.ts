import { ServingError } from '@millrace/sdk'
import type { Call } from './call.ts'

/** The models or aliases that the metadata of a call names. */
export interface NamedIds {
  readonly kind: 'model' | 'alias'
  /** At least one. */
  readonly ids: readonly string[]
}

/** Of one call. */
const MAX_IDS = 256
const MAX_ID_BYTES = 1024

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads `mm-model-id`, `mm-vmodel-id`, their `-bin` forms, which win, and `tas-model-id`, which loses.
 * @throws ServingError INVALID_ARGUMENT for none, for both kinds, and for what is no id
 */
export function idsOfHeaders(headers: Call['headers']): NamedIds {
  const model = idsOf(headers, 'mm-model-id') ?? asciiIds(headers, 'tas-model-id')
  const alias = idsOf(headers, 'mm-vmodel-id')
  if (model !== undefined && alias !== undefined) {
    throw invalid('metadata must include only one of model id and vmodel id: mm-model-id or mm-vmodel-id')
  }
  if (model !== undefined) return { kind: 'model', ids: model }
  if (alias !== undefined) return { kind: 'alias', ids: alias }
  throw invalid('the request names no model: its metadata must include mm-model-id header, or mm-vmodel-id')
}

/** Whether the metadata names anything at all. */
export function namesModel(headers: Call['headers']): boolean {
  return NAMING_HEADERS.some(name => headers[name] !== undefined)
}

const NAMING_HEADERS = [
  'mm-model-id',
  'mm-model-id-bin',
  'mm-vmodel-id',
  'mm-vmodel-id-bin',
  'tas-model-id',
] as const

function idsOf(headers: Call['headers'], name: string): readonly string[] | undefined {
  const binary = headers[`${name}-bin`]
  if (binary === undefined) return asciiIds(headers, name)
  // Repeated binary metadata is joined by commas, which base64 has not.
  return checked(
    binary.split(',').map(value => decode(value.trim(), `${name}-bin`)),
    `${name}-bin`,
  )
}

function asciiIds(headers: Call['headers'], name: string): readonly string[] | undefined {
  // HTTP/2 joins what is repeated like this; ids that are text of metadata have no blanks.
  const ids = headers[name]?.split(', ')
  const wrong = ids?.find(id => !/^[!-~]*$/.test(id))
  if (wrong !== undefined) {
    throw invalid(
      `metadata ${name} is ${JSON.stringify(wrong)}; it must be visible ASCII, other ids go into ${name}-bin`,
    )
  }
  return ids === undefined ? undefined : checked(ids, name)
}

function checked(ids: readonly string[], name: string): readonly string[] {
  if (ids.includes('')) throw invalid(`metadata ${name} is empty; it must be the id of a model`)
  if (ids.length > MAX_IDS)
    throw invalid(`metadata ${name} names ${ids.length} models, allowed are ${MAX_IDS}`)
  const long = ids.find(id => id.length > MAX_ID_BYTES)
  if (long !== undefined)
    throw invalid(`metadata ${name} has ${long.length} characters, allowed are ${MAX_ID_BYTES}`)
  return ids
}

function decode(value: string, name: string): string {
  if (!/^[A-Za-z\d+/]*={0,2}$/.test(value)) throw invalid(`metadata ${name} is not base64`)
  try {
    return decoder.decode(Buffer.from(value, 'base64'))
  } catch {
    throw invalid(`metadata ${name} is not text in UTF-8`)
  }
}

function invalid(message: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', message)
}
