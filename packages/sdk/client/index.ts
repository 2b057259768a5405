/**
 * `@millrace/sdk/client`: asks servers of the Open Inference Protocol, over REST and gRPC alike, and runtimes of
 * Hydrosphere.
 */

export type { HydrosphereStatus } from '../protocol/index.ts'
export { createGrpcClient, type GrpcClientOptions } from './grpc-client.ts'
export {
  createHydrosphereClient,
  type HydrosphereClient,
  type HydrosphereClientOptions,
  type PredictOptions,
} from './hydrosphere-client.ts'
export type {
  CallOptions,
  ClientOptions,
  InferenceClient,
  ModelMetadata,
  ModelTarget,
  TlsOptions,
} from './inference-client.ts'
export { createRestClient, type RestClientOptions } from './rest-client.ts'
