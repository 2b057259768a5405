import { readEndpoint } from './endpoint.ts'
import {
  containerResources,
  DEBUG_VARIABLES,
  joinVariables,
  metadataOf,
  type RuntimeOptions,
} from './runtime-options.ts'
import type { EnvironmentVariable, ServingRuntime, ServingRuntimeSpec } from './serving-runtime.ts'

/** Where MLServer's adapter puts the folders of models. */
const ADAPTER_MODELS_FOLDER = '/models/_mlserver_models/'
const CONTROL_PORT = 8085
const DATA_PORT = 8001
/** Away from 8080, which ModelMesh speaks to its neighbours on. */
const REST_PORT = 8002

export interface ModelMeshRuntimeOptions extends RuntimeOptions {
  /** Through ModelMesh's adapter for MLServer. Otherwise the server answers `mmesh.ModelRuntime` itself. */
  readonly usesAdapter: boolean
  /** A folder for Unix sockets in place of ports; without an adapter only. */
  readonly socketFolder?: string | undefined
  /** ModelMesh fetches models before it has them loaded. Without it the server does. Default: true. */
  readonly usesStorageHelper?: boolean
  /** Memory that is not for models. */
  readonly memoryBufferBytes: number
  readonly loadingTimeoutMs: number
}

/** A runtime whose pods join a mesh: many models in each. */
export function modelMeshRuntime(options: ModelMeshRuntimeOptions): ServingRuntime {
  const { loadingConcurrency, replicas, usesAdapter } = options
  const annotations: Record<string, string> =
    usesAdapter && loadingConcurrency !== undefined
      ? { maxLoadingConcurrency: String(loadingConcurrency) }
      : {}
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: options.isForCluster === true ? 'ClusterServingRuntime' : 'ServingRuntime',
    metadata: metadataOf(options, annotations),
    spec: {
      supportedModelFormats: options.formats,
      protocolVersions: ['grpc-v2'],
      multiModel: true,
      ...(replicas === undefined ? {} : { replicas }),
      ...(usesAdapter ? behindAdapter(options) : withoutAdapter(options)),
    },
  }
}

function behindAdapter(options: ModelMeshRuntimeOptions): ServingRuntimeSpec {
  return {
    grpcEndpoint: `port:${CONTROL_PORT}`,
    grpcDataEndpoint: `port:${DATA_PORT}`,
    containers: [
      // The adapter looks for a container of its server's name.
      container('mlserver', options, [
        { name: 'MLSERVER_MODELS_DIR', value: ADAPTER_MODELS_FOLDER },
        { name: 'MLSERVER_GRPC_PORT', value: String(DATA_PORT) },
        ...SERVER_VARIABLES,
        { name: 'MLSERVER_MODEL_NAME', value: 'dummy-model' },
      ]),
    ],
    builtInAdapter: {
      serverType: 'mlserver',
      runtimeManagementPort: DATA_PORT,
      memBufferBytes: options.memoryBufferBytes,
      modelLoadingTimeoutMillis: options.loadingTimeoutMs,
    },
  }
}

function withoutAdapter(options: ModelMeshRuntimeOptions): ServingRuntimeSpec {
  const { socketFolder, usesStorageHelper = true, loadingConcurrency = 1 } = options
  const control = socketFolder === undefined ? `port:${CONTROL_PORT}` : `unix:${socketFolder}/control.sock`
  const data = socketFolder === undefined ? `port:${DATA_PORT}` : `unix:${socketFolder}/data.sock`
  const dataPort =
    readEndpoint(data)?.kind === 'port' ? [{ name: 'MLSERVER_GRPC_PORT', value: String(DATA_PORT) }] : []
  return {
    grpcEndpoint: control,
    grpcDataEndpoint: data,
    ...(usesStorageHelper ? {} : { storageHelper: { disabled: true } }),
    containers: [
      container('millrace', options, [
        ...dataPort,
        ...SERVER_VARIABLES,
        { name: 'MILLRACE_MODEL_RUNTIME_ENDPOINT', value: control },
        ...(socketFolder === undefined
          ? []
          : [{ name: 'MILLRACE_MODEL_RUNTIME_DATA_ENDPOINT', value: data }]),
        { name: 'MILLRACE_MODEL_RUNTIME_MEMORY_BUFFER', value: String(options.memoryBufferBytes) },
        { name: 'MILLRACE_MODEL_LOAD_TIMEOUT', value: String(options.loadingTimeoutMs / 1000) },
        { name: 'MILLRACE_MODEL_RUNTIME_LOADING_CONCURRENCY', value: String(loadingConcurrency) },
      ]),
    ],
  }
}

/** What a server in a pod of ModelMesh needs to be told; the mesh is in front of it, so it listens inside the pod only. */
const SERVER_VARIABLES: readonly EnvironmentVariable[] = [
  { name: 'MLSERVER_HTTP_PORT', value: String(REST_PORT) },
  { name: 'MLSERVER_LOAD_MODELS_AT_STARTUP', value: 'false' },
  { name: 'MLSERVER_HOST', value: '127.0.0.1' },
  // The mesh has its own limit.
  { name: 'MLSERVER_GRPC_MAX_MESSAGE_LENGTH', value: '-1' },
]

function container(
  name: string,
  options: ModelMeshRuntimeOptions,
  variables: readonly EnvironmentVariable[],
) {
  const { image, command, implementation, environment = [], isDebugging } = options
  return {
    name,
    image,
    ...(command === undefined ? {} : { command }),
    env: joinVariables(
      variables,
      implementation === undefined ? [] : [{ name: 'MLSERVER_MODEL_IMPLEMENTATION', value: implementation }],
      isDebugging === true ? DEBUG_VARIABLES : [],
      environment,
    ),
    resources: containerResources(options.resources),
  }
}
