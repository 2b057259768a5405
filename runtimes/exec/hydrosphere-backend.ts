import type { TensorSpec } from '@millrace/sdk'
import type { HydrosphereClient } from '@millrace/sdk/client'
import type { HydrosphereGeneration } from '@millrace/sdk/protocol'
import { type Backend, callOptions } from './backend.ts'
import type { Protocol } from './exec-settings.ts'

/** By protocol, the generation of Hydrosphere's. */
export const GENERATIONS: Readonly<Record<Exclude<Protocol, 'v2'>, HydrosphereGeneration>> = {
  'hydrosphere-g1': 'G1',
  'hydrosphere-g2': 'G2',
  'hydrosphere-g3': 'G3',
}

/**
 * A program that serves Hydrosphere's `Predict`.
 * @param signatureName the function that G1 chooses by
 * @param declared the model's outputs: those that come without a shape take theirs
 */
export function createHydrosphereBackend(
  protocol: Exclude<Protocol, 'v2'>,
  client: HydrosphereClient,
  modelName: string,
  signatureName: string | undefined,
  declared: readonly TensorSpec[],
): Backend {
  const outputShapes = new Map(declared.map(({ name, shape }) => [name, shape]))
  return {
    protocol,
    async predict(request, context) {
      const { inputs, outputs } = request
      // A version of another kind than a number has no place in the message, and no runtime looks at it.
      const answer = await client.predict(
        { modelName, inputs, outputs },
        { ...callOptions(context), signatureName, outputShapes },
      )
      return { outputs: answer.outputs }
    },
    predictStream: null,
    metadata: null,
    close: () => client.close(),
  }
}
