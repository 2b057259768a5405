import type { InferenceRequest, Shape, Tensor } from '@millrace/sdk'
import { type CallOptions, createGrpcClient, createHydrosphereClient } from '@millrace/sdk/client'
import type { ServableEndpoint } from './discovery.ts'

/** What a call of a servable is told besides its inputs. */
export interface EndpointCall extends CallOptions {
  /** Which function is meant; G1 chooses by it. */
  readonly signatureName: string
  /** Declared shapes, which outputs take that come without one. */
  readonly outputShapes: ReadonlyMap<string, Shape>
  /** Where it is counted when another endpoint is asked. */
  readonly figures?: { retryCount: number } | undefined
}

/** One endpoint's connections, whatever it speaks. Rejects with a `ServingError`. */
export interface EndpointClient {
  predict(inputs: readonly Tensor[], call: EndpointCall): Promise<readonly Tensor[]>
  /** Lets running calls finish. */
  close(): Promise<void>
}

interface EndpointClientOptions {
  readonly maxConnections: number
  readonly maxResponseBytes: number
  /** What an endpoint of V2 calls its model when it does not say. */
  readonly modelName: string
}

/** Connects with the first call. */
export function createEndpointClient(
  { address, protocol, modelName }: ServableEndpoint,
  options: EndpointClientOptions,
): EndpointClient {
  const { maxConnections, maxResponseBytes } = options
  const connection = { target: address, maxConnections, maxResponseBytes }
  const request = (inputs: readonly Tensor[]): InferenceRequest => ({
    modelName: modelName ?? options.modelName,
    inputs,
  })
  if (protocol === 'V2') {
    const client = createGrpcClient(connection)
    return {
      predict: async (inputs, call) => (await client.infer(request(inputs), call)).outputs,
      close: client.close,
    }
  }
  const client = createHydrosphereClient({ ...connection, generation: protocol })
  return {
    predict: async (inputs, call) => (await client.predict(request(inputs), call)).outputs,
    close: client.close,
  }
}
