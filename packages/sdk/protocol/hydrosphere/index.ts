export {
  type HydrosphereContract,
  type HydrosphereField,
  type HydrosphereSignature,
  toTensorSpecs,
} from './contract.ts'
export { decodeContract } from './contract-reader.ts'
export { encodeContract } from './contract-writer.ts'
export { HYDROSPHERE_GENERATIONS, type HydrosphereGeneration } from './generation.ts'
export {
  GROUP_LIMITS,
  type HydrosphereGroup,
  type HydrosphereRequest,
  type HydrosphereShapes,
  type HydrosphereValue,
  hydrosphereValueBytes,
} from './group.ts'
export { loadHydrosphereG2, loadHydrosphereG3, loadHydrospherePrediction } from './load-messages.ts'
export {
  HYDROSPHERE_GATEWAY_SERVICE,
  HYDROSPHERE_PREDICT_PATHS,
  HYDROSPHERE_STATUS_PATH,
} from './method-paths.ts'
export { predictResponsePayloadOffset } from './payload-offset.ts'
export {
  type DecodedPredictRequest,
  decodeGatewayRequest,
  decodePredictRequest,
  decodeRequestValues,
} from './predict-request-reader.ts'
export { encodeGatewayRequest, encodePredictRequest } from './predict-request-writer.ts'
export { decodePredictResponse, decodeResponseValues, encodePredictResponse } from './predict-response.ts'
export { decodeStatusResponse, encodeStatusResponse, type HydrosphereStatus } from './status-response.ts'
