import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { ServingError } from '@millrace/sdk'

/** @throws ServingError INVALID_ARGUMENT for bytes that are no such message */
export function readMessage<M extends DescMessage>(schema: M, message: Uint8Array): MessageShape<M> {
  try {
    return fromBinary(schema, message)
  } catch (cause) {
    throw new ServingError('INVALID_ARGUMENT', `the message is not a valid ${schema.typeName}`, { cause })
  }
}

/** 0 for a number that no id can be. */
export function toId(number: bigint): number {
  return number > 0n && number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : 0
}
