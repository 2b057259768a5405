import type { InferenceResponse } from '../../model/index.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeGenerateResponse } from './generate-response-writer.ts'
import { writeResponse } from './infer-response-writer.ts'
import { writeObject } from './value-writer.ts'

/**
 * Writes one response of a stream as a server-sent event. Its data are always JSON, which has no
 * line breaks of its own.
 * @throws ServingError INVALID_ARGUMENT when an output cannot go as JSON
 */
export function serializeInferEvent(response: InferenceResponse): Uint8Array {
  return event(writer => writeResponse(writer, response, () => undefined))
}

/** Writes one response of a stream as the generate extension has it, as a server-sent event. */
export function serializeGenerateEvent(response: InferenceResponse): Uint8Array {
  return event(writer => writeGenerateResponse(writer, response))
}

/** Writes an error that ends a stream whose status has been sent already. */
export function serializeErrorEvent(error: { readonly message: string }): Uint8Array {
  return event(writer => writeObject(writer, { error: error.message }))
}

function event(writeData: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  writer.ascii('data: ')
  writeData(writer)
  writer.ascii('\n\n')
  return writer.finish()
}
