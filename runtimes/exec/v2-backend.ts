import { type InferenceRequest, type ModelResponse, type RequestContext, ServingError } from '@millrace/sdk'
import type { InferenceClient, ModelTarget } from '@millrace/sdk/client'
import { type Backend, callOptions } from './backend.ts'

/** A program that serves the Open Inference Protocol over gRPC. A stream of one that has none gets a single answer. */
export function createV2Backend(client: InferenceClient, target: ModelTarget): Backend {
  let hasStreams = true
  const addressed = (request: InferenceRequest): InferenceRequest => ({ ...request, ...target })
  const predict = async (request: InferenceRequest, context: RequestContext): Promise<ModelResponse> => {
    const { outputs, parameters } = await client.infer(addressed(request), callOptions(context))
    return { outputs, parameters }
  }
  return {
    protocol: 'v2',
    predict,
    async *predictStream(request, context) {
      if (!hasStreams) {
        yield await predict(request, context)
        return
      }
      let isFirst = true
      try {
        for await (const answer of client.inferStream(addressed(request), callOptions(context))) {
          isFirst = false
          yield { outputs: answer.outputs, parameters: answer.parameters }
        }
      } catch (error) {
        if (!isFirst || !ServingError.is(error) || error.code !== 'UNIMPLEMENTED') throw error
        hasStreams = false
        yield await predict(request, context)
      }
    },
    metadata: async options => client.modelMetadata(target, options),
    close: () => client.close(),
  }
}
