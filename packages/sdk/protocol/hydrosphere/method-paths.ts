import type { HydrosphereGeneration } from './generation.ts'

/** `Predict` of a runtime. In G1 and G2 the service is in another package than its messages. */
export const HYDROSPHERE_PREDICT_PATHS: Readonly<Record<HydrosphereGeneration, string>> = {
  G1: '/tensorflow.serving.PredictionService/Predict',
  G2: '/tensorflow.serving.PredictionService/Predict',
  G3: '/hydrosphere.serving.runtime.PredictionService/Predict',
}

/** `Status` of a runtime, which only G2 has. */
export const HYDROSPHERE_STATUS_PATH = '/tensorflow.serving.PredictionService/Status'

/** The service of the gateway: in G2 and in G3 the same name for different messages. */
export const HYDROSPHERE_GATEWAY_SERVICE = '/hydrosphere.serving.gateway.GatewayService'
