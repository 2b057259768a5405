import type { Tensor } from '@millrace/sdk'
import { type CallOptions, createGrpcClient, createHydrosphereClient } from '@millrace/sdk/client'
import type { HydrosphereShapes, HydrosphereValue } from '@millrace/sdk/protocol'
import type { ServableEndpoint } from './discovery.ts'
import { nestedRefusal } from './only-tensors.ts'

/** What a call of a servable is told besides its inputs. */
export interface EndpointCall extends CallOptions {
  /** Which function is meant; G1 chooses by it. */
  readonly signatureName: string
  /** Declared shapes, which outputs take that come without one. */
  readonly outputShapes: HydrosphereShapes
  /** The field with fields in it, which V2 has no way to say; `null` where there is none. */
  readonly nestedField: string | null
  /** Where it is counted when another endpoint is asked. */
  readonly figures?: { retryCount: number } | undefined
}

/** One endpoint's connections, whatever it speaks. Rejects with a `ServingError`. */
export interface EndpointClient {
  predict(inputs: readonly HydrosphereValue[], call: EndpointCall): Promise<readonly HydrosphereValue[]>
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
  const asked = modelName ?? options.modelName
  if (protocol === 'V2') {
    const client = createGrpcClient(connection)
    return {
      async predict(inputs, call) {
        const { nestedField } = call
        if (nestedField !== null) {
          throw nestedRefusal(
            nestedField,
            'a servable that speaks V2 cannot be given, and cannot answer with',
          )
        }
        // The signature has let nothing but tensors through.
        return (await client.infer({ modelName: asked, inputs: inputs as readonly Tensor[] }, call)).outputs
      },
      close: client.close,
    }
  }
  const client = createHydrosphereClient({ ...connection, generation: protocol })
  return {
    predict: (inputs, call) => client.predictValues({ modelName: asked, inputs }, call),
    close: client.close,
  }
}
