import { fileURLToPath } from 'node:url'
import type { MethodDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const PROTO_FOLDER = fileURLToPath(new URL('../../packages/sdk/protocol/proto/', import.meta.url))

/** `ModelInfer` messages as `@grpc/proto-loader` makes them, with the fields that the benchmarks use. */
export interface LoadedInferRequest {
  readonly model_name: string
  readonly id: string
  readonly inputs: readonly LoadedTensor[]
  readonly raw_input_contents: readonly Uint8Array[]
}

export interface LoadedInferResponse {
  readonly model_name: string
  readonly id: string
  readonly outputs: readonly LoadedTensor[]
  readonly raw_output_contents: readonly Uint8Array[]
}

export interface LoadedTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly (number | string)[]
  readonly contents?: { readonly fp32_contents: readonly number[] } | null
}

/** The method as gRPC's own tools read it from the protocol file: nothing of the server takes part. */
export function loadModelInfer(): MethodDefinition<LoadedInferRequest, LoadedInferResponse> {
  const definitions = loadSync('inference.proto', {
    includeDirs: [PROTO_FOLDER],
    keepCase: true,
    longs: Number,
    defaults: true,
  })
  const service = definitions['inference.GRPCInferenceService'] as unknown as {
    readonly ModelInfer: MethodDefinition<LoadedInferRequest, LoadedInferResponse>
  }
  return service.ModelInfer
}
