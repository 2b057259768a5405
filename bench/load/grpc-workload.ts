import { Client, credentials, Metadata } from '@grpc/grpc-js'
import type { GrpcExchangeBytes } from './grpc-connection.ts'
import { type LoadedInferRequest, type LoadedInferResponse, loadModelInfer } from './inference-proto.ts'
import { assertSameData, assertSameTensor, type BenchTensor, bytesOf } from './tensors.ts'

/** A gRPC message behind "not compressed" and its length. */
const PREFIX_BYTES = 5

/** One `ModelInfer` call, and what its answer must say. */
export interface GrpcWorkload {
  readonly request: LoadedInferRequest
  /** @throws Error when the answer is not the tensor that was sent */
  check(response: LoadedInferResponse): void
}

/** The tensor as raw contents, both ways: what Triton's and most other clients send. */
export function rawWorkload(tensor: BenchTensor): GrpcWorkload {
  return {
    request: {
      model_name: 'echo',
      id: '1',
      inputs: [{ name: 'x', datatype: 'FP32', shape: tensor.shape }],
      raw_input_contents: [bytesOf(tensor)],
    },
    check({ outputs: [output], raw_output_contents: [raw] }) {
      if (output === undefined || raw === undefined)
        throw new Error('the answer has no output with raw contents')
      assertSameTensor(tensor, output.datatype, output.shape)
      // Copied, so that it lies where floats may lie.
      assertSameData(tensor, new Float32Array(Uint8Array.from(raw).buffer))
    },
  }
}

/** Makes one call with the reference client, checks its answer, and says which bytes the load sends and expects. */
export async function verifyGrpc(port: number, workload: GrpcWorkload): Promise<GrpcExchangeBytes> {
  const { path, requestSerialize, responseDeserialize } = loadModelInfer()
  const message = requestSerialize(workload.request)
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    client.makeUnaryRequest(path, asItIs, asItIs, message, new Metadata(), (error, answer) => {
      if (error !== null) reject(error)
      else if (answer === undefined) reject(new Error('the call ended without an answer'))
      else resolve(answer)
    })
    const answer = await promise
    workload.check(responseDeserialize(answer))

    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeUInt32BE(message.length, 1)
    return {
      path,
      body: Buffer.concat([prefix, message]),
      responseBodyBytes: PREFIX_BYTES + answer.length,
    }
  } finally {
    client.close()
  }
}

function asItIs(bytes: Buffer): Buffer {
  return bytes
}
