import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { ServingError } from '@millrace/sdk'
import { decodeRequestValues, decodeResponseValues, type HydrosphereValue } from '@millrace/sdk/protocol'

/** What somebody tells of a request to a model that runs elsewhere. */
export interface ToldExecution {
  readonly modelVersionId: number
  readonly requestId: string
  readonly servableName: string
  readonly latencyMs: number
  readonly application: { readonly name: string; readonly stage: string } | undefined
  readonly inputs: readonly HydrosphereValue[]
  readonly outcome:
    | { readonly outputs: readonly HydrosphereValue[] }
    | { readonly error: { readonly message: string } }
}

/**
 * Reads an `ExecutionInformation`: `{ 1 request, 2 error, 3 response, 4 metadata }` in all generations. The tensors are
 * read by hand, so that a large request is not made into objects first.
 * @throws ServingError INVALID_ARGUMENT, whatever the bytes are; UNIMPLEMENTED for a type that Millrace does not have
 */
export function readExecution(message: Uint8Array, generation: 'G2' | 'G3'): ToldExecution {
  const parts = partsOf(message)
  const metadata = parts.get(4)
  if (metadata === undefined) {
    throw new ServingError('INVALID_ARGUMENT', 'there is no metadata; it has to name model_version_id')
  }
  const { request } = decodeRequestValues(parts.get(1) ?? NOTHING, generation)
  const error = parts.get(2)
  const response = parts.get(3)
  if (error === undefined && response === undefined) {
    throw new ServingError('INVALID_ARGUMENT', 'there is neither a response nor an error; give one of them')
  }
  return {
    ...(generation === 'G3' ? readMetadataG3(metadata) : readMetadataG2(metadata)),
    inputs: request.inputs,
    outcome:
      // Of a choice, what comes last counts; a writer gives one.
      response === undefined
        ? { error: { message: generation === 'G3' ? textOf(error!) : errorOf(error!) } }
        : { outputs: decodeResponseValues(response, generation) },
  }
}

const NOTHING = new Uint8Array(0)
type Metadata = Omit<ToldExecution, 'inputs' | 'outcome'>

/** `{ 1 request_id, 2 model_version_id, 3 name, 4 version, 5 signature, 6 servable, 7 latency, 8 app { 1 name, 2 stage } }` */
function readMetadataG3(bytes: Uint8Array): Metadata {
  const fields = fieldsOf(bytes)
  const application = messageAt(fields, 8)
  return {
    requestId: textAt(fields, 1),
    modelVersionId: idAt(fields, 2),
    servableName: textAt(fields, 6),
    latencyMs: numberAt(fields, 7),
    application:
      application === undefined ? undefined : { name: textAt(application, 1), stage: textAt(application, 2) },
  }
}

/**
 * From 2.0.4 on `{ 1 modelVersion_id, 2 signature, 3 request_id, 4 name, 5 version, 6 latency, 8 app { 1 id, 2 stage } }`, and
 * before `{ 1 application_id, 2 stage_id, 3 modelVersion_id, 4 signature, 5 request_id, 8 name }`: the kinds of 3 and 5 tell.
 */
function readMetadataG2(bytes: Uint8Array): Metadata {
  const fields = fieldsOf(bytes)
  const isOld = typeof fields.get(3) === 'bigint' || fields.get(5) instanceof Uint8Array
  const application = isOld ? undefined : messageAt(fields, 8)
  const ofApplication = isOld
    ? { id: idAt(fields, 1), stage: textAt(fields, 2) }
    : { id: application === undefined ? 0 : idAt(application, 1), stage: textAt(application, 2) }
  return {
    requestId: textAt(fields, isOld ? 5 : 3),
    modelVersionId: idAt(fields, isOld ? 3 : 1),
    servableName: '',
    latencyMs: isOld ? 0 : numberAt(fields, 6),
    application:
      ofApplication.id === 0 ? undefined : { name: String(ofApplication.id), stage: ofApplication.stage },
  }
}

/** Fields of a message by number, the last of each. */
type Fields = ReadonlyMap<number, bigint | number | Uint8Array>

function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, bigint | number | Uint8Array>()
  try {
    const reader = new BinaryReader(bytes)
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag()
      if (type === WireType.Varint) fields.set(number, BigInt(reader.int64()))
      else if (type === WireType.Bit64) fields.set(number, reader.double())
      else if (type === WireType.LengthDelimited) fields.set(number, reader.bytes())
      else reader.skip(type, number)
    }
  } catch (cause) {
    throw new ServingError('INVALID_ARGUMENT', 'the message is not a valid ExecutionInformation', { cause })
  }
  return fields
}

/** The messages and texts in a message, the last of each number. */
function partsOf(message: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const parts = new Map<number, Uint8Array>()
  for (const [number, value] of fieldsOf(message)) {
    if (value instanceof Uint8Array) parts.set(number, value)
  }
  return parts
}

function messageAt(fields: Fields, number: number): Fields | undefined {
  const value = fields.get(number)
  return value instanceof Uint8Array ? fieldsOf(value) : undefined
}

function textAt(fields: Fields | undefined, number: number): string {
  const value = fields?.get(number)
  return value instanceof Uint8Array ? textOf(value) : ''
}

function numberAt(fields: Fields, number: number): number {
  const value = fields.get(number)
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

/** 0 for a number that no id can be. */
function idAt(fields: Fields, number: number): number {
  const value = fields.get(number)
  return typeof value === 'bigint' && value > 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : 0
}

/** `ExecutionError { 1 error_message }` */
function errorOf(bytes: Uint8Array): string {
  return textAt(fieldsOf(bytes), 1)
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
