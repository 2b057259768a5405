export { type BoundModel, bindModel } from './bound-model.ts'
export type {
  LoadContext,
  Logger,
  MetricOptions,
  ModelMetrics,
  RecordValue,
  RequestContext,
} from './context.ts'
export {
  ContractModel,
  type DecodedValues,
  type InputValues,
  type OutputValues,
  type PlainValues,
  type ShapedData,
  type TypedModel,
} from './contract-model.ts'
export type {
  InferenceRequest,
  InferenceResponse,
  ModelResponse,
  PlainResponse,
  RequestedOutput,
} from './inference.ts'
export { BaseModel, Model } from './model.ts'
export { modelFile } from './model-file.ts'
export { NamedFunctionModel } from './named-function-model.ts'
export type { ModelRoute, RouteRequest, RouteResponse } from './route.ts'
export type { ModelSettings } from './settings.ts'
export { type ModelClass, type ModelFunction, type ModelImplementation, toModelClass } from './to-model.ts'
