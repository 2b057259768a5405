import type { InferenceResponse, ServingError } from '@millrace/sdk'
import { serializeInferResponse } from '@millrace/sdk/protocol'
import type { InputRecord, OutputRecord } from './kafka-record.ts'

/** Says, on an answer that is an error and on a dead letter, what went wrong. */
const ERROR_CODE = 'mlserver-error-code'
/** The text of the error, on a dead letter. */
const ERROR_TEXT = 'mlserver-error'

/** What of a key or a text goes into a record that must be small. */
const MAX_SMALL_BYTES = 1024

/**
 * The answer to a record: key = id, value = V2 JSON. Outputs that were asked for as binary data come as JSON too.
 * @throws ServingError INVALID_ARGUMENT for an output that JSON cannot carry
 */
export function replyRecord(
  topic: string,
  response: InferenceResponse,
  headers: Iterable<readonly [name: string, value: string]>,
): OutputRecord {
  const { pieces } = serializeInferResponse(response, NOTHING_BINARY)
  return {
    topic,
    key: response.id === undefined || response.id === '' ? undefined : Buffer.from(response.id),
    value: pieces.length === 1 ? asBuffer(pieces[0]!) : Buffer.concat(pieces),
    headers: toHeaders(headers),
  }
}

/** Only for what the writer asks of a request: whether outputs are to be binary. */
const NOTHING_BINARY = { modelName: '', inputs: [] }

/** An error as an answer: `{"error", "id"}`, with its code and where the record stands in the headers. */
export function errorRecord(
  topic: string,
  input: InputRecord,
  id: string | undefined,
  error: ServingError,
): OutputRecord {
  return {
    topic,
    key: input.key ?? (id === undefined ? undefined : Buffer.from(id)),
    value: errorValue(error, id),
    headers: toHeaders(errorHeaders(input, error)),
  }
}

/** The record as it came, with the error in its headers, so that it can be sent once more. */
export function deadLetter(topic: string, input: InputRecord, error: ServingError): OutputRecord {
  const headers = new Map(
    input.headers.map(([name, value]) => [name ?? Buffer.alloc(0), value ?? Buffer.alloc(0)] as const),
  )
  for (const [name, value] of [
    ...errorHeaders(input, error),
    [ERROR_TEXT, shortened(error.message)] as const,
  ]) {
    headers.set(Buffer.from(name), Buffer.from(value))
  }
  return { topic, key: input.key, value: input.value, headers }
}

/** An error in place of a record that was too large: no key, id or text in it is long. */
export function smallErrorRecord(
  topic: string,
  input: InputRecord,
  id: string | undefined,
  error: ServingError,
): OutputRecord {
  return {
    topic,
    key: (input.key?.length ?? 0) <= MAX_SMALL_BYTES ? input.key : undefined,
    value: errorValue(error, id !== undefined && Buffer.byteLength(id) <= MAX_SMALL_BYTES ? id : undefined),
    headers: toHeaders(errorHeaders(input, error)),
  }
}

function errorValue(error: ServingError, id: string | undefined): Buffer {
  return Buffer.from(JSON.stringify({ error: shortened(error.message), ...(id === undefined ? {} : { id }) }))
}

function errorHeaders(input: InputRecord, error: ServingError): (readonly [string, string])[] {
  return [
    [ERROR_CODE, error.code],
    ['mlserver-topic', input.topic],
    ['mlserver-partition', String(input.partition)],
    ['mlserver-offset', String(input.offset)],
  ]
}

function toHeaders(headers: Iterable<readonly [name: string, value: string]>): Map<Buffer, Buffer> {
  return new Map(Array.from(headers, ([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

function shortened(text: string): string {
  return text.length > 8192 ? `${text.slice(0, 8192)}…` : text
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
