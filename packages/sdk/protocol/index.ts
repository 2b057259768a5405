/** `@millrace/sdk/protocol`: wire codecs, from bytes to values and back. No sockets. */

export * from './hydrosphere/index.ts'
/** Types of all messages of Hydrosphere's first and second generation; `loadHydrosphereG2` has what runs. */
export type * as hydrosphereG2Messages from './hydrosphere/messages-g2.ts'
/** Types of all messages of Hydrosphere's third generation; `loadHydrosphereG3` has what runs. */
export type * as hydrosphereG3Messages from './hydrosphere/messages-g3.ts'
export * from './json/index.ts'
export * from './modelmesh/index.ts'
/** Types of ModelMesh's messages; `loadModelMesh` has what runs. */
export type * as modelMeshMessages from './modelmesh/messages.ts'
/** gRPC's standard health service, package `grpc.health.v1`. */
export * as health from './proto/grpc/health/v1/health_pb.js'
/** gRPC's reflection service, package `grpc.reflection.v1`. */
export * as reflection from './proto/grpc/reflection/v1/reflection_pb.js'
/** The reflection service that older clients ask for, package `grpc.reflection.v1alpha`. */
export * as reflectionV1Alpha from './proto/grpc/reflection/v1alpha/reflection_pb.js'
/** MLServer's deprecated repository service, package `inference.model_repository`. */
export * as modelRepository from './proto/model_repository_pb.js'
export * from './protobuf/index.ts'
/** Messages and services of the V2 protocol, package `inference`, for everything but the hot path. */
export * as inference from './protobuf/inference-messages.ts'
