import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { type Tensor, type TensorLike, toTensor } from '@millrace/sdk'
import {
  decodePredictResponse,
  encodeGatewayRequest,
  encodePredictRequest,
  HYDROSPHERE_GATEWAY_SERVICE,
  HYDROSPHERE_PREDICT_PATHS,
} from '@millrace/sdk/protocol'

/** How a call ended that was refused. */
export interface Refusal {
  /** Such as `NOT_FOUND`. */
  readonly code: string
  readonly details: string
}

export type GatewayMethod = 'PredictApplication' | 'PredictServable' | 'ShadowlessPredictServable'

/** The gRPC port, asked with bytes. */
export interface GatewayCalls {
  /** Any method. Rejects with a `ServiceError`. */
  readonly unary: (path: string, message: Uint8Array) => Promise<Uint8Array>
  /** A method of the gateway in the third generation; with `G2` in the second. */
  readonly predict: (
    method: GatewayMethod,
    name: string,
    inputs: readonly TensorLike[],
    generation?: 'G2' | 'G3',
  ) => Promise<ReadonlyMap<string, Tensor>>
  /** `PredictionService/Predict` of the second generation; without a name there is no `model_spec`. */
  readonly predictModel: (
    name: string | undefined,
    inputs: readonly TensorLike[],
  ) => Promise<ReadonlyMap<string, Tensor>>
  readonly client: Client
  readonly close: () => void
}

const MESSAGE_BYTES = 256 * 1024 * 1024

export function createGatewayCalls(address: string): GatewayCalls {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
  })
  const unary = async (path: string, message: Uint8Array) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(message), new Metadata(), (error, answer) => {
      if (error === null) resolve(new Uint8Array(answer!))
      else reject(error)
    })
    return promise
  }
  return {
    client,
    unary,
    async predict(method, name, inputs, generation = 'G3') {
      const request = { modelName: name, inputs: inputs.map(toTensor) }
      const message = Buffer.concat(encodeGatewayRequest(request, generation))
      return byName(
        decodePredictResponse(await unary(`${HYDROSPHERE_GATEWAY_SERVICE}/${method}`, message), generation),
      )
    },
    async predictModel(name = '', inputs) {
      const request = { modelName: name, inputs: inputs.map(toTensor) }
      const message = Buffer.concat(encodePredictRequest(request, 'G2'))
      return byName(decodePredictResponse(await unary(HYDROSPHERE_PREDICT_PATHS.G2, message), 'G2'))
    },
    close: () => client.close(),
  }
}

const asItIs = (bytes: Buffer) => bytes
const byName = (tensors: readonly Tensor[]) => new Map(tensors.map(tensor => [tensor.name, tensor]))

/** How a call was refused. Rejects if it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call
  } catch (error) {
    const { code, details } = error as ServiceError
    return { code: status[code], details }
  }
  throw new Error('the call was answered, though it ought to be refused')
}
