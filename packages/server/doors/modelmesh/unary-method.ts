import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { ServingError } from '@millrace/sdk'
import type { GrpcCall, GrpcUnaryMethod } from '../../transport/index.ts'

/**
 * A method whose messages the generated schemas read and write. It has no time limit of the listener's: what is waited for
 * is a load, which has its own.
 */
export function unary<I extends DescMessage, O extends DescMessage>(
  input: I,
  output: O,
  handle: (request: MessageShape<I>, call: GrpcCall) => Promise<MessageInitShape<O>>,
): GrpcUnaryMethod {
  return {
    kind: 'unary',
    hasOwnTimeLimit: true,
    async handle(message, call) {
      return toBinary(output, create(output, await handle(read(input, message), call)))
    },
  }
}

function read<I extends DescMessage>(schema: I, message: Uint8Array): MessageShape<I> {
  try {
    return fromBinary(schema, message)
  } catch (error) {
    throw new ServingError('INVALID_ARGUMENT', `the message is not a valid ${schema.typeName}`, {
      cause: error,
    })
  }
}
