import type { TestContext } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { ServingError, type Tensor } from '@millrace/sdk'
import {
  decodeInferRequest,
  decodeRequestValues,
  encodeInferResponse,
  encodePredictResponse,
  HYDROSPHERE_PREDICT_PATHS,
  type HydrosphereValue,
} from '@millrace/sdk/protocol'
import type { ServableEndpoint } from '../discovery.ts'

/** One call as a servable sees it. */
export interface SeenCall {
  readonly inputs: readonly Tensor[]
  /** The inputs, groups among them. */
  readonly values: readonly HydrosphereValue[]
  readonly signatureName: string
  readonly metadata: Readonly<Record<string, unknown>>
  /** Aborted when the caller withdraws the call. */
  readonly signal: AbortSignal
}

export type Answer = (call: SeenCall) => readonly HydrosphereValue[] | Promise<readonly HydrosphereValue[]>

export interface RunningServable {
  readonly endpoint: ServableEndpoint
  readonly calls: readonly SeenCall[]
  stop(): void
}

const CODES: Readonly<Record<string, grpc.status>> = {
  INVALID_ARGUMENT: grpc.status.INVALID_ARGUMENT,
  RESOURCE_EXHAUSTED: grpc.status.RESOURCE_EXHAUSTED,
  INTERNAL: grpc.status.INTERNAL,
  UNAVAILABLE: grpc.status.UNAVAILABLE,
}
const MAX_BYTES = 128 * 1024 * 1024
let started = 0

/** A servable on a port of its own that speaks what `protocol` says. */
export async function startServable(
  t: Pick<TestContext, 'after'>,
  answer: Answer,
  protocol: ServableEndpoint['protocol'] = 'G3',
): Promise<RunningServable> {
  const calls: SeenCall[] = []
  const server = new grpc.Server({
    'grpc.max_receive_message_length': MAX_BYTES,
    'grpc.max_send_message_length': MAX_BYTES,
  })
  const handle = async (call: grpc.ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> => {
    const abort = new AbortController()
    call.on('cancelled', () => abort.abort())
    const { values, signatureName } = decode(call.request, protocol)
    // Most tests have no groups.
    const inputs = values as readonly Tensor[]
    const seen = { inputs, values, signatureName, metadata: call.metadata.getMap(), signal: abort.signal }
    calls.push(seen)
    return encode(await answer(seen), protocol)
  }
  const path =
    protocol === 'V2' ? '/inference.GRPCInferenceService/ModelInfer' : HYDROSPHERE_PREDICT_PATHS[protocol]
  server.addService(
    { predict: { path, requestStream: false, responseStream: false, ...AS_BYTES } },
    {
      predict: (call: grpc.ServerUnaryCall<Buffer, Buffer>, callback: grpc.sendUnaryData<Buffer>) => {
        void reply(handle(call), callback)
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  t.after(() => server.forceShutdown())
  return {
    endpoint: { id: `started-${++started}`, address: `127.0.0.1:${port}`, protocol },
    calls,
    stop: () => server.forceShutdown(),
  }
}

async function reply(answer: Promise<Buffer>, callback: grpc.sendUnaryData<Buffer>): Promise<void> {
  try {
    callback(null, await answer)
  } catch (error) {
    callback(toStatus(error))
  }
}

const asIs = (bytes: Buffer): Buffer => bytes
const AS_BYTES = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
}

function decode(message: Buffer, protocol: ServableEndpoint['protocol']) {
  if (protocol !== 'V2') {
    const { request, signatureName } = decodeRequestValues(message, protocol)
    return { values: request.inputs, signatureName }
  }
  return { values: decodeInferRequest(message).request.inputs, signatureName: '' }
}

function encode(outputs: readonly HydrosphereValue[], protocol: ServableEndpoint['protocol']): Buffer {
  if (protocol !== 'V2') return Buffer.concat(encodePredictResponse(outputs, protocol))
  return Buffer.concat(
    encodeInferResponse({ modelName: 'model', outputs: outputs as readonly Tensor[] }, true),
  )
}

function toStatus(error: unknown): Partial<grpc.StatusObject> {
  if (!ServingError.is(error)) return { code: grpc.status.UNKNOWN, details: String(error) }
  return { code: CODES[error.code] ?? grpc.status.UNKNOWN, details: error.message }
}
