import { ServingError } from '@millrace/sdk'
import type { RawHeader } from './kafka-record.ts'

/** What a record's headers ask for. */
export interface RequestHeaders {
  readonly modelName: string
  readonly modelVersion: string | undefined
  readonly method: 'infer' | 'infer_stream'
}

const MODEL = 'mlserver-model'
const VERSION = 'mlserver-version'
const METHOD = 'mlserver-method'
const METHODS = ['infer', 'infer_stream'] as const

/**
 * The headers as a model sees them: names in lower case as over every protocol, of equal names the last. Values are
 * read as UTF-8, with U+FFFD for what is none.
 */
export function headerTexts(headers: readonly RawHeader[]): Readonly<Record<string, string>> {
  // Not by assignment: a header may be called `__proto__`.
  return Object.fromEntries(
    headers.map(([name, value]) => [(name ?? '').toString().toLowerCase(), (value ?? '').toString()]),
  )
}

/**
 * Which model is asked, and how; empty text counts as no header.
 * @throws ServingError INVALID_ARGUMENT for a header that is missing or not allowed
 */
export function readRequestHeaders(headers: Readonly<Record<string, string>>): RequestHeaders {
  const modelName = textOf(headers, MODEL)
  if (modelName === undefined) {
    throw new ServingError('INVALID_ARGUMENT', `record header ${MODEL} is missing; it must name a model`)
  }
  const asked = textOf(headers, METHOD) ?? 'infer'
  const method = METHODS.find(allowed => allowed === asked)
  if (method === undefined) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `record header ${METHOD} is '${asked.slice(0, 64)}'; allowed: ${METHODS.join(', ')}`,
    )
  }
  return { modelName, modelVersion: textOf(headers, VERSION), method }
}

function textOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined
  return headers[name] === '' ? undefined : headers[name]
}
