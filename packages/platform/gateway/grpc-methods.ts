import {
  decodeGatewayRequest,
  decodeRequestValues,
  encodePredictResponse,
  HYDROSPHERE_GATEWAY_SERVICE,
  HYDROSPHERE_PREDICT_PATHS,
  type HydrosphereRequest,
  type HydrosphereValue,
} from '@millrace/sdk/protocol'
import type { GatewayCall } from './gateway-call.ts'
import { badRequest } from './gateway-failure.ts'
import { gatewayGeneration } from './grpc-generation.ts'
import { noApplication, noServable } from './not-found.ts'
import type { Predictor } from './predictor.ts'
import type { Routing } from './routing.ts'

/** Bytes in, bytes out; fits the methods that the server's listener takes. */
export interface GatewayMethod {
  readonly kind: 'unary'
  readonly handle: (message: Uint8Array, call: GatewayCall) => Promise<readonly Uint8Array[]>
}

type Answer = (request: HydrosphereRequest, call: GatewayCall) => Promise<readonly HydrosphereValue[]>

/**
 * The gateway's methods by full path: those of the service that the second and third generation share, and `Predict` of
 * the first two, where a request names its servable or application.
 */
export function gatewayMethods(routing: Routing, predictor: Predictor): ReadonlyMap<string, GatewayMethod> {
  const servable =
    (isRecorded: boolean): Answer =>
    async ({ modelName, inputs }, call) => {
      const { target } = routing.servables.get(modelName) ?? noServable(modelName)
      return predictor.servable(target, inputs, call, isRecorded)
    }
  const application: Answer = async ({ modelName, inputs }, call) => {
    const { target } = routing.applications.get(modelName) ?? noApplication(modelName)
    return predictor.application(target, inputs, call)
  }
  const either: Answer = async (request, call) =>
    routing.servables.has(request.modelName) ? servable(true)(request, call) : application(request, call)

  return new Map([
    [pathOf('PredictApplication'), gatewayMethod(application)],
    [pathOf('PredictServable'), gatewayMethod(servable(true))],
    [pathOf('ShadowlessPredictServable'), gatewayMethod(servable(false))],
    // Only the second generation has it. Where the request came from first is monitoring's to know, and ignored.
    [pathOf('ReplayModel'), gatewayMethod(servable(true), 'G2')],
    [HYDROSPHERE_PREDICT_PATHS.G2, predictMethod(either)],
  ])
}

function pathOf(method: string): string {
  return `${HYDROSPHERE_GATEWAY_SERVICE}/${method}`
}

function gatewayMethod(answer: Answer, only?: 'G2'): GatewayMethod {
  return {
    kind: 'unary',
    async handle(message, call) {
      const generation = only ?? gatewayGeneration(message) ?? 'G3'
      const outputs = await answer(decodeGatewayRequest(message, generation), call)
      return encodePredictResponse(outputs, generation)
    },
  }
}

function predictMethod(answer: Answer): GatewayMethod {
  return {
    kind: 'unary',
    async handle(message, call) {
      const { request } = decodeRequestValues(message, 'G2')
      if (request.modelName === '') {
        throw badRequest(
          'ModelSpec is not defined: model_spec.name is the name of a servable or an application',
        )
      }
      return encodePredictResponse(await answer(request, call), 'G2')
    },
  }
}
