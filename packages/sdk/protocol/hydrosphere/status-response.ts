import { WireReader } from '../protobuf/wire-reader.ts'
import { textFieldSize } from '../protobuf/wire-sizes.ts'
import { WireWriter } from '../protobuf/wire-writer.ts'

/** What a runtime says of itself, by the numbers of the protocol; gRPC's health service has the same. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING'] as const

/** What a runtime of G2 says of itself. */
export interface HydrosphereStatus {
  readonly status: (typeof STATUSES)[number]
  /** Why it does not serve; often empty. */
  readonly message: string
}

/**
 * Reads a `tensorflow.serving.StatusResponse`. A number that the enum does not have is `UNKNOWN`.
 * @throws ServingError INVALID_ARGUMENT for bytes that are no message
 */
export function decodeStatusResponse(bytes: Uint8Array): HydrosphereStatus {
  const reader = new WireReader(bytes)
  let number = 0
  let message = ''
  while (reader.offset < reader.limit) {
    const tag = reader.tag()
    if (tag === 0x08) {
      reader.varint64()
      number = reader.low
    } else if (tag === 0x12) message = reader.text()
    else reader.skip(tag)
  }
  return { status: STATUSES[number] ?? 'UNKNOWN', message }
}

/** Writes a `tensorflow.serving.StatusResponse`. */
export function encodeStatusResponse({ status, message }: HydrosphereStatus): Uint8Array {
  const number = STATUSES.indexOf(status)
  const writer = new WireWriter((number === 0 ? 0 : 2) + textFieldSize(message))
  if (number !== 0) {
    writer.byte(0x08)
    writer.byte(number)
  }
  writer.textField(0x12, message)
  return writer.buffer
}
