import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { ServingError } from '@millrace/sdk'
import { inference } from '@millrace/sdk/protocol'
import type { DataPlane } from '../../dataplane/index.ts'
import type { ModelRegistry } from '../../lifecycle/index.ts'
import type { GrpcCall, GrpcMethod, GrpcUnaryMethod } from '../../transport/index.ts'
import { modelInferMethod, modelStreamInferMethod, type StreamShape } from './grpc-inference.ts'
import { configMessage, metadataMessage, statisticsMessage } from './grpc-views.ts'
import { meshRefusal } from './mesh-refusal.ts'
import { rejectLoadParameters } from './rest-repository.ts'

const SERVICE = '/inference.GRPCInferenceService'
/** MLServer's older name for the repository calls; some of its clients still use it. */
const DEPRECATED_REPOSITORY_SERVICE = '/inference.model_repository.ModelRepositoryService'

/** Every gRPC method of the Open Inference Protocol and its extensions, by full path. */
export function openInferenceMethods(
  dataPlane: DataPlane,
  registry: ModelRegistry,
  streamShape: StreamShape | 'auto',
): ReadonlyMap<string, GrpcMethod> {
  const methods = new Map<string, GrpcMethod>()
  const add = (name: string, method: GrpcMethod) => methods.set(`${SERVICE}/${name}`, method)

  add(
    'ServerLive',
    probe(
      unary(inference.ServerLiveRequestSchema, inference.ServerLiveResponseSchema, () => ({ live: true })),
    ),
  )
  add(
    'ServerReady',
    probe(
      unary(inference.ServerReadyRequestSchema, inference.ServerReadyResponseSchema, () => ({
        ready: dataPlane.isReady(),
      })),
    ),
  )
  add(
    'ModelReady',
    probe(
      unary(inference.ModelReadyRequestSchema, inference.ModelReadyResponseSchema, ({ name, version }) => ({
        ready: dataPlane.isModelReady(name, version),
      })),
    ),
  )
  add(
    'ServerMetadata',
    unary(inference.ServerMetadataRequestSchema, inference.ServerMetadataResponseSchema, () => {
      const { name, version, extensions } = dataPlane.serverMetadata()
      return { name, version, extensions: [...extensions] }
    }),
  )
  add(
    'ModelMetadata',
    unary(
      inference.ModelMetadataRequestSchema,
      inference.ModelMetadataResponseSchema,
      async ({ name, version }, call) => {
        try {
          return metadataMessage(await dataPlane.modelMetadata(name, version, call.signal))
        } catch (error) {
          throw meshRefusal(error, call, () => dataPlane.isModelLoaded(name))
        }
      },
    ),
  )
  add(
    'ModelConfig',
    unary(
      inference.ModelConfigRequestSchema,
      inference.ModelConfigResponseSchema,
      async ({ name, version }, { signal }) =>
        configMessage(await dataPlane.modelMetadata(name, version, signal)),
    ),
  )
  add(
    'ModelStatistics',
    unary(
      inference.ModelStatisticsRequestSchema,
      inference.ModelStatisticsResponseSchema,
      ({ name, version }) => ({
        modelStats: dataPlane.statistics(name, version).map(statisticsMessage),
      }),
    ),
  )
  add('ModelInfer', modelInferMethod(dataPlane))
  add('ModelStreamInfer', modelStreamInferMethod(dataPlane, streamShape))
  for (const [name, method] of repositoryMethods(registry)) {
    add(name, method)
    methods.set(`${DEPRECATED_REPOSITORY_SERVICE}/${name}`, method)
  }
  for (const { name, extension } of UNSUPPORTED) {
    add(name, {
      kind: 'unary',
      handle() {
        throw new ServingError('UNIMPLEMENTED', `this server does not offer the ${extension} extension`)
      },
    })
  }
  return methods
}

/** The two services' messages have the same fields, so one set of methods answers both. */
function repositoryMethods(registry: ModelRegistry): readonly (readonly [string, GrpcUnaryMethod])[] {
  return [
    [
      'RepositoryIndex',
      unary(
        inference.RepositoryIndexRequestSchema,
        inference.RepositoryIndexResponseSchema,
        async ({ ready }) => {
          const entries = await registry.index({ isReadyOnly: ready })
          return {
            models: entries.map(({ name, version = '', state, reason }) => ({
              name,
              version,
              state,
              reason,
            })),
          }
        },
      ),
    ],
    [
      'RepositoryModelLoad',
      {
        ...unary(
          inference.RepositoryModelLoadRequestSchema,
          inference.RepositoryModelLoadResponseSchema,
          async (request, { signal }) => {
            rejectLoadParameters({ parameters: request.parameters })
            await registry.load(modelNamed(request), { signal })
            return {}
          },
        ),
        hasOwnTimeLimit: true,
      },
    ],
    [
      'RepositoryModelUnload',
      unary(
        inference.RepositoryModelUnloadRequestSchema,
        inference.RepositoryModelUnloadResponseSchema,
        async request => {
          await registry.unload(modelNamed(request))
          return {}
        },
      ),
    ],
  ]
}

/** KServe's clients put the model's name into the field that others call the repository's name. */
function modelNamed(request: { readonly modelName: string; readonly repositoryName: string }): string {
  return request.modelName === '' ? request.repositoryName : request.modelName
}

/** Triton's methods that stock clients can call and this server does not offer. */
const UNSUPPORTED = [
  { name: 'SystemSharedMemoryStatus', extension: 'system_shared_memory' },
  { name: 'SystemSharedMemoryRegister', extension: 'system_shared_memory' },
  { name: 'SystemSharedMemoryUnregister', extension: 'system_shared_memory' },
  { name: 'CudaSharedMemoryStatus', extension: 'cuda_shared_memory' },
  { name: 'CudaSharedMemoryRegister', extension: 'cuda_shared_memory' },
  { name: 'CudaSharedMemoryUnregister', extension: 'cuda_shared_memory' },
  { name: 'TraceSetting', extension: 'trace' },
  { name: 'LogSettings', extension: 'logging' },
] as const

function probe(method: GrpcUnaryMethod): GrpcUnaryMethod {
  return { ...method, isExemptFromLimits: true }
}

/** A unary method whose messages the generated schemas read and write. */
function unary<I extends DescMessage, O extends DescMessage>(
  input: I,
  output: O,
  handle: (request: MessageShape<I>, call: GrpcCall) => MessageInitShape<O> | Promise<MessageInitShape<O>>,
): GrpcUnaryMethod {
  return {
    kind: 'unary',
    async handle(message, call) {
      const request = read(input, message)
      return toBinary(output, create(output, await handle(request, call)))
    },
  }
}

function read<I extends DescMessage>(schema: I, message: Uint8Array): MessageShape<I> {
  try {
    return fromBinary(schema, message)
  } catch (error) {
    throw new ServingError('INVALID_ARGUMENT', `the message is not a valid ${schema.typeName}`, {
      cause: error,
    })
  }
}
