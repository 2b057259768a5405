import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import { type ErrorCode, type InferenceResponse, ServingError } from '@millrace/sdk'
import { createGrpcClient, createRestClient, type InferenceClient } from '@millrace/sdk/client'
import { decodeInferResponse, encodeInferRequest } from '@millrace/sdk/protocol'
import type { Ports } from '../../fuzz/wire/client.ts'
import type { Question } from './question.ts'

/** One way to ask the server, with connections of its own. */
export interface Door {
  /** @throws ServingError */
  ask(question: Question): Promise<readonly InferenceResponse[]>
  close(): Promise<void>
}

const TIMEOUT_MS = 60_000

/** Over REST with numbers as JSON or as bytes, over gRPC with tensors raw or typed. */
export const DOORS: Readonly<Record<string, (ports: Ports) => Door>> = {
  'rest-json': ports => restDoor(ports, false),
  'rest-binary': ports => restDoor(ports, true),
  'grpc-raw': ({ grpc }) =>
    clientDoor(
      // More than one, or all clients of the process would share a connection.
      createGrpcClient({ target: `127.0.0.1:${grpc}`, maxConnections: 2, timeoutMs: TIMEOUT_MS }),
    ),
  'grpc-typed': typedGrpcDoor,
}

function restDoor({ rest }: Ports, isBinary: boolean): Door {
  const url = `http://127.0.0.1:${rest}`
  return clientDoor(createRestClient({ url, isBinary, maxConnections: 2, timeoutMs: TIMEOUT_MS }))
}

function clientDoor(client: InferenceClient): Door {
  return {
    async ask({ request, isStream }) {
      return isStream ? Array.fromAsync(client.inferStream(request)) : [await client.infer(request)]
    },
    close: () => client.close(),
  }
}

function methodOf(name: string): string {
  return `/inference.GRPCInferenceService/${name}`
}

function withDeadline(): { readonly deadline: number } {
  return { deadline: Date.now() + TIMEOUT_MS }
}

/** The client of the SDK sends raw tensors only. */
function typedGrpcDoor({ grpc }: Ports): Door {
  const client = new Client(`127.0.0.1:${grpc}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  })
  return {
    async ask({ request, isStream }) {
      const message = Buffer.concat(encodeInferRequest(request, false))
      if (isStream) return streamed(client, methodOf('ModelStreamInfer'), message)
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      client.makeUnaryRequest(
        methodOf('ModelInfer'),
        same,
        same,
        message,
        new Metadata(),
        withDeadline(),
        (error, answer) => {
          if (error === null && answer !== undefined) resolve(answer)
          else reject(refusalOf(error))
        },
      )
      return [decodeInferResponse(await promise)]
    },
    async close() {
      client.close()
    },
  }
}

async function streamed(client: Client, method: string, message: Buffer): Promise<InferenceResponse[]> {
  const stream = client.makeBidiStreamRequest(method, same, same, new Metadata(), withDeadline())
  stream.write(message)
  stream.end()
  try {
    return await Array.fromAsync(stream as AsyncIterable<Buffer>, unwrapped)
  } catch (error) {
    throw refusalOf(error)
  }
}

/**
 * Reads a message that is a response, or a wrapper with either an error as field 1 or a response as field 2. A response begins with
 * the model's name as field 1, and has outputs.
 */
function unwrapped(message: Buffer): InferenceResponse {
  if (message[0] !== 0x12) {
    const response = decodeInferResponse(message)
    if (response.outputs.length === 0) throw new ServingError('INTERNAL', response.modelName)
    return response
  }
  let offset = 1
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = message[offset++]!
    length += (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  if (offset + length !== message.length)
    throw new Error('a message of a stream is neither wrapped nor plain')
  return decodeInferResponse(message.subarray(offset))
}

function refusalOf(error: unknown): ServingError {
  if (ServingError.is(error)) return error
  const { code = status.UNKNOWN, details = String(error) } = (error ?? {}) as {
    readonly code?: number
    readonly details?: string
  }
  // Our codes have gRPC's names.
  return new ServingError((status[code] ?? 'INTERNAL') as ErrorCode, details)
}

function same(bytes: Buffer): Buffer {
  return bytes
}
